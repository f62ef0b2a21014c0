// report.html as a person sees it: opened from a disk by a real browser without a network. Chromium is found on PATH, or where
// REGIONCTL_TEST_CHROMIUM says; without one these tests are left out, unless REGIONCTL_TEST_BROWSER=required.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Run } from "../../src/model/run.ts";
import type { Topology } from "../../src/model/topology.ts";
import { html } from "../../src/reporters/html.ts";
import { backend, twoRegions } from "../support/topology.ts";
import { begins, failing, historyOf, KILLED, large, sample, SOURCES } from "./html-run.ts";
import { fine, runWith } from "./run.ts";

const found = findChromium();
const required = process.env["REGIONCTL_TEST_BROWSER"] === "required";
const title =
  found === undefined && !required
    ? "report.html in a browser (no Chromium is on this machine)"
    : "report.html in a browser";

/** Generous, for a browser on a busy machine: it only decides how long a failing test takes. */
const PATIENCE_MS = 60_000;
const eventually = { timeout: PATIENCE_MS, interval: 100 };

describe.skipIf(found === undefined && !required)(title, { timeout: 3 * PATIENCE_MS }, () => {
  let browser: Browser;
  let folder: string;

  beforeAll(async () => {
    if (found === undefined)
      throw new Error("a browser is required, and no Chromium was found: set REGIONCTL_TEST_CHROMIUM");
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "regionctl-report-"));
    // In a container tests run as root, where Chromium cannot have its sandbox.
    browser = await chromium.launch({ executablePath: found, args: ["--no-sandbox"], timeout: PATIENCE_MS });
  }, 2 * PATIENCE_MS);

  afterAll(async () => {
    await browser?.close();
    if (folder) fs.rmSync(folder, { recursive: true, force: true });
  });

  interface Opened extends AsyncDisposable {
    page: Page;
    /** Everything that should not have happened. */
    wrong: readonly string[];
  }

  /** Opens it, and waits until it is drawn. */
  async function open(run: Run, options: BrowserContextOptions = {}, sources = SOURCES): Promise<Opened> {
    const file = path.join(folder, `report-${fs.readdirSync(folder).length}.html`);
    fs.writeFileSync(file, html(run, sources));
    const wrong: string[] = [];
    const context = await browser.newContext({ offline: true, ...options });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    page.on("console", (message) => wrong.push(`console: ${message.text()}`));
    page.on("pageerror", (error) => wrong.push(`error: ${error.message}`));
    page.on("dialog", (dialog) => wrong.push(`dialog: ${dialog.message()}`));
    page.on(
      "request",
      (request) => request.url() === pathToFileURL(file).href || wrong.push(`request: ${request.url()}`),
    );
    await page.goto(pathToFileURL(file).href);
    await page.locator("footer").waitFor();
    return { page, wrong, [Symbol.asyncDispose]: () => context.close() };
  }

  const overflow = (page: Page) => page.evaluate("document.documentElement.scrollWidth - innerWidth");

  it("shows the verdict first, then what failed with its story", async () => {
    await using report = await open(failing());
    const { page, wrong } = report;
    expect(await page.locator("body > header .verdict").textContent()).toContain("FAILED");
    expect(await page.locator("h1").textContent()).toBe("failover");
    const failed = page.locator(".expectations > li.failed");
    expect(await failed.count()).toBe(1);
    expect(await failed.locator(".story li").allTextContents()).toEqual([
      expect.stringContaining("FORK: client c1 wrote 100"),
      expect.stringContaining("In its place: 200"),
    ]);
    expect(await failed.locator(".parts tr.broken").textContent()).toContain("moved region, inside fault windows");
    expect(await page.locator(".commands").textContent()).toContain("--seed 42 --runtime embedded");
    expect(wrong).toEqual([]);
  });

  it("draws every chart, with the fault named in the region that it touched", async () => {
    await using report = await open(failing());
    const { page, wrong } = report;
    const charts = page.locator(".chart > div > svg");
    expect(await charts.count()).toBeGreaterThanOrEqual(3); // the strip and two regions
    for (const box of await Promise.all((await charts.all()).map((chart) => chart.boundingBox()))) {
      expect(box!.width).toBeGreaterThan(500);
      expect(box!.height).toBeGreaterThan(50);
    }
    expect(await charts.locator("path[stroke-dasharray]").count()).toBeGreaterThan(0); // p99 is readable without colour
    const named = (region: string) =>
      page
        .locator("figure.region", { has: page.locator(`figcaption:text-is("${region}")`) })
        .locator('text:text-is("kill backend-us")');
    expect(await named("us").isVisible()).toBe(true);
    expect(await named("eu").count()).toBe(0);
    const plotted = page.locator("#plots figure");
    expect(await plotted.count()).toBeGreaterThan(0);
    expect(await plotted.locator(".chart svg").count()).toBe(await plotted.count());
    expect(await page.locator('svg text:has-text("1 kill backend-us for 2s")').count()).toBe(1);
    expect(wrong).toEqual([]);
  });

  it("zooms all charts at once, by a button", async () => {
    await using report = await open(failing());
    const { page, wrong } = report;
    const last = page.locator("figure.region").last();
    const ticks = async () => (await last.locator("svg text").allTextContents()).filter((text) => / m?s$/.test(text));
    const whole = await ticks();
    await page.getByRole("button", { name: "kill backend-us" }).click();
    await expect.poll(ticks, eventually).not.toEqual(whole);
    await page.getByRole("button", { name: "the whole run" }).click();
    await expect.poll(ticks, eventually).toEqual(whole);
    expect(wrong).toEqual([]);
  });

  it("draws a bar for each operation of the counterexample and its neighbours, and opens their events", async () => {
    await using report = await open(failing());
    const { page, wrong } = report;
    const scene = page.locator("#key-7");
    expect(await scene.locator("rect.bar.involved").count()).toBe(2);
    expect(await scene.locator("rect.bar.near").count()).toBe(3);
    expect(await scene.locator("rect.bar.fail").count()).toBe(1);
    expect(await scene.locator("rect.bar.unknown").count()).toBe(1);
    expect(await scene.locator("path.mark").count()).toBe(1);
    expect(await scene.locator("text.value").allTextContents()).toEqual(
      expect.arrayContaining(["w 100 → us:1,eu:0", "w 200 → us:1,eu:0", "200 at us:1,eu:0"]),
    );
    for (const box of await Promise.all((await scene.locator("rect.bar").all()).map((bar) => bar.boundingBox())))
      expect(box!.width).toBeGreaterThanOrEqual(4);
    expect(await scene.locator(".events").isHidden()).toBe(true);
    await scene.locator('.item[data-op="1"]').press("Enter");
    expect(await scene.locator(".events li").count()).toBe(2);
    expect(await scene.locator(".events").textContent()).toContain('"op": 1');
    expect(wrong).toEqual([]);
  });

  it("shows an event where its number is pressed, and hides it again", async () => {
    await using report = await open(failing());
    const { page, wrong } = report;
    const failed = page.locator(".expectations > li.failed");
    const number = failed.locator(".evidence .event-number").first();
    await number.click();
    expect(await failed.locator(".events li").count()).toBe(1);
    expect(await failed.locator(".events").textContent()).toContain('"type": "complete"');
    expect(await number.getAttribute("aria-expanded")).toBe("true");
    await number.click();
    expect(await failed.locator(".events").isHidden()).toBe(true);
    expect(wrong).toEqual([]);
  });

  it("shows hostile words as the words they are", async () => {
    const evil = `</script><img src=x onerror="alert(1)"><script>alert(2)</script>`;
    const run = failing({ name: evil, about: evil, log: evil });
    const verdicts = run.verdicts.map((verdict) => ({ ...verdict, summary: evil, story: [`${evil}!`] }));
    await using report = await open({ ...run, verdicts }, {}, { scenario: evil, topology: evil });
    const { page, wrong } = report;
    expect(await page.title()).toContain(evil);
    expect(await page.locator("h1").textContent()).toBe(evil);
    expect(await page.locator(".troubles").textContent()).toContain(evil);
    expect(await page.locator(".story").first().textContent()).toBe(`${evil}!`);
    expect(await page.locator(".listing").first().textContent()).toContain(evil);
    expect(await page.locator("img").count()).toBe(0);
    expect(await page.locator("script").count()).toBe(2);
    expect(wrong).toEqual([]);
  });

  it("would notice a request or a script that does not belong there", async () => {
    await using report = await open(failing());
    const { page, wrong } = report;
    await page.evaluate(
      `document.body.insertAdjacentHTML("beforeend", '<img src="http://127.0.0.1:9/x" onerror="alert(1)">')`,
    );
    await expect.poll(() => wrong.join("\n"), eventually).toContain("Content Security Policy");
    expect(wrong.filter((one) => one.startsWith("dialog"))).toEqual([]);
  });

  it.each(["light", "dark"] as const)("is readable in a %s scheme, wide and narrow", async (colorScheme) => {
    for (const width of [1280, 360]) {
      await using report = await open(failing(), { colorScheme, viewport: { width, height: 800 } });
      const { page, wrong } = report;
      expect(await overflow(page), `${width} px`).toBeLessThanOrEqual(0);
      const luminance = async (of: string) => {
        const rgb = (await page.evaluate(of)) as string;
        const [r, g, b] = rgb.match(/[\d.]+/g)!.map((part) => {
          const c = Number(part) / 255;
          return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
      };
      const back = await luminance("getComputedStyle(document.body).backgroundColor");
      const ink = await luminance("getComputedStyle(document.body).color");
      expect(back > ink).toBe(colorScheme === "light");
      expect((Math.max(back, ink) + 0.05) / (Math.min(back, ink) + 0.05)).toBeGreaterThan(7);
      expect(wrong).toEqual([]);
    }
  });

  it("is drawn anew when the scheme or the width changes", async () => {
    await using report = await open(failing(), { colorScheme: "light" });
    const { page, wrong } = report;
    const label = page.locator('figure.region text:text-is("kill backend-us")');
    const before = await label.getAttribute("fill");
    await page.emulateMedia({ colorScheme: "dark" });
    await expect.poll(() => label.getAttribute("fill"), eventually).not.toBe(before);
    await page.setViewportSize({ width: 400, height: 800 });
    await expect.poll(() => overflow(page), eventually).toBeLessThanOrEqual(0);
    const width = async () => (await page.locator(".chart svg").first().boundingBox())!.width;
    await expect.poll(width, eventually).toBeLessThan(400);
    expect(wrong).toEqual([]);
  });

  it("is printed in dark on white, whatever the screen is, and comes back", async () => {
    await using report = await open(failing(), { colorScheme: "dark" });
    const { page, wrong } = report;
    const label = page.locator('figure.region text:text-is("kill backend-us")');
    const width = async () => (await page.locator(".chart svg").first().boundingBox())!.width;
    const [ink, wide] = [await label.getAttribute("fill"), await width()];
    await page.evaluate('dispatchEvent(new Event("beforeprint"))');
    expect(await label.getAttribute("fill")).not.toBe(ink);
    expect(await width()).toBeLessThan(700);
    await page.evaluate('dispatchEvent(new Event("afterprint"))');
    expect(await label.getAttribute("fill")).toBe(ink);
    expect(await width()).toBe(wide);
    expect(wrong).toEqual([]);
  });

  it("is there for a run that was broken off before it began", async () => {
    const history = historyOf([
      [5, begins()],
      [5, { type: "end", reason: "errored", error: "port 8080 is taken" }],
    ]);
    await using report = await open(runWith([], { history, verdict: "errored", directory: "" }));
    const { page, wrong } = report;
    expect(await page.locator(".verdict").textContent()).toContain("ERRORED");
    expect(await page.locator(".troubles").textContent()).toContain("port 8080 is taken");
    expect(await page.locator("#counterexamples").count()).toBe(0);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(wrong).toEqual([]);
  });

  it("has room for six regions and no traffic", async () => {
    const regions = ["us", "eu", "ap", "sa", "af", "au"];
    const topology: Topology = {
      ...twoRegions,
      regions,
      nodes: [...twoRegions.nodes, ...regions.slice(2).map(backend)],
    };
    const history = historyOf([
      [0, begins({ topology })],
      ...KILLED,
      sample(100),
      [9_000, { type: "end", reason: "done" }],
    ]);
    await using report = await open(runWith(fine, { history }));
    const { page, wrong } = report;
    expect(await page.locator("figure.region figcaption").allTextContents()).toEqual(regions);
    expect(await page.locator("#topology .zone").count()).toBe(7); // and the edge
    expect(wrong).toEqual([]);
  });

  it("draws a run of a hundred thousand operations", async () => {
    await using report = await open(large(100_000));
    const { page, wrong } = report;
    expect(await page.locator(".facts").textContent()).toContain("100,000");
    expect(await page.locator("#counterexamples figure").count()).toBeGreaterThan(0);
    expect(await page.locator("rect.bar").count()).toBeLessThan(500);
    expect(wrong).toEqual([]);
  });

  it("says what it cannot show without JavaScript", async () => {
    const file = path.join(folder, "plain.html");
    fs.writeFileSync(file, html(failing(), SOURCES));
    const context = await browser.newContext({ offline: true, javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(pathToFileURL(file).href);
    expect(await page.locator("noscript").innerText()).toContain(
      "no-lost-writes: 2 acknowledged: 1 current, 1 silently",
    );
    await context.close();
  });
});

function findChromium(): string | undefined {
  const asked = process.env["REGIONCTL_TEST_CHROMIUM"];
  if (asked !== undefined && asked !== "") return asked;
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  return ["chromium", "chromium-browser", "google-chrome"]
    .flatMap((name) => folders.map((folder) => path.join(folder, name)))
    .find((file) => fs.existsSync(file));
}
