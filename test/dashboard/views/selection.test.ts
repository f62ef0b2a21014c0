// The arrows lead everywhere and back, and what is chosen stays chosen while the picture changes.
import { describe, expect, it } from "vitest";
import type { Picture } from "../../../src/dashboard/picture.ts";
import {
  type Direction,
  DIRECTIONS,
  moved,
  nameOf,
  type Selection,
  nowChosen,
} from "../../../src/dashboard/selection.ts";
import { NOTHING, SIX, system, withNode } from "./pictures.ts";

const picture = system();

function walk(from: Selection | undefined, way: readonly Direction[], on: Picture = picture): readonly string[] {
  let here = from;
  return way.map((direction) => {
    here = moved(here, direction, on);
    return here === undefined ? "nothing" : nameOf(here);
  });
}

describe("arrows", () => {
  it("begin at the first node of the first region", () => {
    expect(nowChosen(undefined, picture)).toEqual({ type: "node", name: "backend-us" });
  });

  it("go between regions, and down through nodes, the edge and the links", () => {
    expect(walk(undefined, ["right", "down", "left", "down", "down", "down"])).toEqual([
      "backend-eu",
      "db-eu",
      "db-us",
      "kafka",
      "gateway",
      "us | eu",
    ]);
    expect(walk({ type: "node", name: "gateway" }, ["right", "right", "left"])).toEqual(["links", "links", "gateway"]);
    expect(walk({ type: "link", between: ["us", "eu"] }, ["right", "right", "right"])).toEqual([
      "edge | us",
      "edge | eu",
      "edge | eu",
    ]);
  });

  it("lead back to the region that they came from", () => {
    const way: Direction[] = ["right", "down", "down", "down", "right", "up", "up"];
    expect(walk(undefined, way)).toEqual([
      "backend-eu",
      "db-eu",
      "gateway",
      "us | eu",
      "edge | us",
      "gateway",
      "db-eu",
    ]);
  });

  it("come to a link of the region that they left", () => {
    const six = system(SIX);
    const from: Selection = { type: "node", name: "db-sa-east-1" };
    expect(walk(from, ["down", "down"], six)).toEqual(["gateway", "us-east-1 | sa-east-1"]);
  });

  it("stay where nothing lies that way", () => {
    expect(walk({ type: "region", name: "us" }, ["up", "left"])).toEqual(["us", "us"]);
    expect(walk({ type: "region", name: "eu" }, ["right"])).toEqual(["eu"]);
    expect(walk({ type: "link", between: ["us", "eu"] }, ["down", "left"])).toEqual(["us | eu", "us | eu"]);
    expect(walk(undefined, DIRECTIONS, NOTHING)).toEqual(["nothing", "nothing", "nothing", "nothing"]);
  });

  it("reach everything", () => {
    const six = system(SIX);
    const seen = new Map<string, Selection>();
    const open: Selection[] = [nowChosen(undefined, six)!];
    while (open.length > 0) {
      const here = open.pop()!;
      const key = `${nameOf(here)} ${here.from ?? ""}`;
      if (seen.has(key)) continue;
      seen.set(key, here);
      open.push(...DIRECTIONS.map((direction) => moved(here, direction, six)!));
    }
    const reached = new Set(Array.from(seen.values(), nameOf));
    expect(reached.size).toBe(six.regions.length + six.nodes.length + six.links.length);
  });
});

describe("what is chosen", () => {
  it("stays while the picture changes, and comes back after there was none", () => {
    const chosen: Selection = { type: "node", name: "db-eu" };
    expect(nowChosen(chosen, withNode(picture, "db-eu", "down"))).toEqual(chosen);
    expect(nowChosen(chosen, NOTHING)).toBeUndefined();
    expect(nowChosen(chosen, picture)).toEqual(chosen);
  });

  it("is the first node where the chosen one is gone", () => {
    const ap = { type: "node", name: "backend-ap" } as const;
    expect(nowChosen(ap, picture)).toEqual({ type: "node", name: "backend-us" });
    expect(nowChosen({ type: "region", name: "ap" }, picture)).toEqual({ type: "node", name: "backend-us" });
    expect(nowChosen({ type: "link", between: ["us", "ap"] }, picture)).toEqual({ type: "node", name: "backend-us" });
  });
});
