// Loading what a user names, and refusing it readably: everything that is wrong, at once, each with its line and caret.
import fs from "node:fs";
import { expectations } from "../checkers/index.ts";
import { type Problem, UsageError } from "../model/problem.ts";
import type { Scenario } from "../model/scenario.ts";
import type { Topology } from "../model/topology.ts";
import type { Vocabulary } from "../model/vocabulary.ts";
import { paintFor } from "../reporters/paint.ts";
import { drawProblem } from "../scenario/caret.ts";
import { findScenario, findTopology } from "../scenario/find.ts";
import { loadScenario } from "../scenario/load.ts";
import { loadTopology } from "../topology/load.ts";
import { verbs } from "../verbs/index.ts";

export const vocabulary: Vocabulary = { verbs, expectations };
