// Rows on the screen: a block of exactly this many columns and lines. Its text reaches Ink by a transform: Ink measures every text that it
// is given and remembers each for ever, which a dashboard that is left open for days cannot afford; of a block it only sees the height.
import { Box, Transform } from "ink";
import type { ReactElement } from "react";
import type { Paint } from "./paint.ts";
import { cutRow, plainText, type Row } from "./text.ts";

export interface LinesProps {
  rows: readonly Row[];
  columns: number;
  /** Rows beyond it are left out. */
  height: number;
  paint: Paint;
}

export function Lines({ rows, columns, height, paint }: LinesProps): ReactElement | null {
  if (height <= 0 || columns <= 0) return null;
  const drawn = rows.slice(0, height).map((row) => cutRow(row, columns));
  const lines = drawn.map(paint);
  return (
    <Box width={columns} height={height} flexShrink={0}>
      <Transform transform={(_, i) => lines[i] ?? ""} accessibilityLabel={drawn.map(plainText).join("\n")}>
        {holder(height)}
      </Transform>
    </Box>
  );
}

/** As high as the block, and always the same for one height. */
const holder = (height: number) => Array.from({ length: height }, () => ".").join("\n");
