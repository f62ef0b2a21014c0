// Byte by byte: what the broker answers to one request, what it refuses, and that no bytes whatever bring it down.
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { APIS } from "../../src/broker/api/index.ts";
import { freePorts, spawnBroker, startBroker, temporaryDirectory, type Program } from "./program.ts";
import { batchOf, Connection, frameOf, request } from "./wire.ts";
