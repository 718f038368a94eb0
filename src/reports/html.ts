import { createHash } from "node:crypto";
import licence from "uplot/LICENSE?raw";
import plotLibrary from "uplot/dist/uPlot.iife.min.js?raw";
import plotStyles from "uplot/dist/uPlot.min.css?raw";
import plots from "./html-plots.js?raw";
import ownStyles from "./html.css?raw";
import {
  casesSection,
  errorsSection,
  factsSection,
  figuresSection,
  notesSection,
  secondsSection,
  thresholdsSection,
} from "./html-sections.ts";
import { html } from "./html-text.ts";
import type { LoadFigures, Report } from "./report.ts";
import { countCases } from "./words.ts";

/** Script and style of the page, the same in each. */
const script = `/*!\n${licence.replaceAll("*/", "")}*/\n${plotLibrary}\n${plots}`;
const styles = `${plotStyles}\n${ownStyles}`;

/**
 * A load's report as one file that a browser opens from the disk: it asks for nothing, runs no script but its own, and
 * without scripts still shows every figure as a table.
 */
export function htmlReport(report: Report): string {
  const { title, target, load } = report;
  const { failed } = countCases(report.groups);
  const policy = [
    "default-src 'none'",
    `script-src ${digest(script)}`,
    `style-src ${digest(styles)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${html(`${title}: ${target}`)}</title>
<style>${styles}</style>
</head>
<body>
<main>
<header>
<p class="verdict ${failed === 0 && !report.interrupted ? "good" : "bad"}">${verdict(failed, report.interrupted)}</p>
<h1>${html(title)}</h1>
${factsSection(report)}
</header>
${load === undefined ? "" : loadSections(load)}
${casesSection(report)}
</main>
${load === undefined ? "" : `<script type="application/json" id="load">${data(report, load)}</script>\n<script>${script}</script>`}
</body>
</html>
`;
}

function verdict(failed: number, interrupted: boolean): string {
  if (interrupted) return failed === 0 ? "Interrupted" : "Failed, interrupted";
  return failed === 0 ? "Passed" : "Failed";
}

function loadSections(load: LoadFigures): string {
  return [
    figuresSection(load),
    thresholdsSection(load),
    notesSection(load),
    figure("latency", "Latency over time"),
    figure("rate", "Requests over time"),
    figure("distribution", "Latency by percentile"),
    errorsSection(load),
    secondsSection(load),
  ].join("\n");
}

/** A place for a plot, seen once there is one in it. */
function figure(id: string, title: string): string {
  return `<figure id="${id}" hidden>\n<figcaption>${title}</figcaption>\n<div class="plot"></div>\n</figure>`;
}

/** As JSON within a script element, which no text in it can end. */
function data({ durationMs }: Report, { forMs, seconds, percentiles }: LoadFigures): string {
  return JSON.stringify({ forMs: Math.min(forMs, durationMs), seconds, percentiles }).replaceAll(
    "<",
    "\\u003c",
  );
}

function digest(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
