import { describe, expect, test } from "vitest";
import { values } from "../cli/run-servers.ts";
import { attempt, expectGuarded, expectProblem, openInspector } from "./inspectors.ts";

describe("a path or method", () => {
  test.each([
    ["/nothing", 404, undefined],
    ["/api", 404, undefined],
    ["/api/", 404, undefined],
    ["/api/session/", 404, undefined],
    ["/api//session", 404, undefined],
    ["/API/session", 404, undefined],
    ["/api/deliveries/0", 404, undefined],
    ["/api/deliveries/01", 404, undefined],
    ["/api/deliveries/-1", 404, undefined],
    ["/api/deliveries/1.5", 404, undefined],
    ["/api/deliveries/1e3", 404, undefined],
    ["/api/deliveries/dlv_1", 404, undefined],
    ["/api/deliveries/__proto__", 404, undefined],
    ["/api/deliveries/9999999999999999", 404, undefined],
    ["/api/deliveries/1/", 404, undefined],
    ["/api/deliveries/1/constructor", 404, undefined],
    ["/api/deliveries/1/body/x", 404, undefined],
    ["/api/deliveries/1/replay", 405, "POST"],
  ])("GET %s is %d", async (path, status, allow) => {
    const inspector = await openInspector();
    inspector.record({});
    const answer = await inspector.ask("GET", path);
    expectProblem(answer, status, status === 404 ? "not-found" : "method-not-allowed");
    expect(values(answer.headers, "allow")).toEqual(allow === undefined ? [] : [allow]);
  });

  test("is one of those that there are, and Allow says which", async () => {
    const inspector = await openInspector();
    for (const [path, allow] of [
      ["/", "GET, HEAD"],
      ["/app.js", "GET, HEAD"],
      ["/api/session", "GET"],
      ["/api/deliveries", "GET"],
      ["/api/deliveries/1/replay", "POST"],
    ] as const) {
      for (const method of ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "QUERY"]) {
        const answer = await inspector.ask(method, path);
        expectProblem(answer, 405, "method-not-allowed");
        expect(values(answer.headers, "allow")).toEqual([allow]);
      }
    }
    const head = await inspector.ask("HEAD", "/api/session");
    expect([head.status, head.body.length]).toEqual([405, 0]);
  });

  test("HEAD tells what the page is without it", async () => {
    const inspector = await openInspector();
    const [head, get] = await Promise.all([inspector.ask("HEAD", "/"), inspector.ask("GET", "/")]);
    expect([head.status, head.body.length]).toEqual([200, 0]);
    expect(values(head.headers, "content-length")).toEqual([String(get.body.length)]);
    expect(values(get.headers, "content-type")).toEqual(["text/html; charset=utf-8"]);
    expectGuarded(head.headers);
  });
});

describe("the session", () => {
  test("is what the listener says it is now", async () => {
    let listening = "http://127.0.0.1:4400";
    const inspector = await openInspector({
      session: () => ({ version: "1", listening, routes: [], providers: [] }),
    });
    listening = "http://127.0.0.1:4500";
    const answer = await inspector.ask("GET", "/api/session");
    expect(answer.json).toEqual({ version: "1", listening, routes: [], providers: [] });
    expectGuarded(answer.headers);
  });
});

describe("the list", () => {
  const numbersOf = ({ json }: { json: Record<string, unknown> }): number[] =>
    (json["data"] as { number: number }[]).map(({ number }) => number);

  test("goes page by page, newest first", async () => {
    const inspector = await openInspector();
    inspector.record(...Array.from({ length: 7 }, (_, index) => ({ id: `dlv_${index}` })));
    const first = await inspector.ask("GET", "/api/deliveries?limit=3");
    expect([numbersOf(first), first.json["next_cursor"], first.json["total"]]).toEqual([[7, 6, 5], 5, 7]);
    const second = await inspector.ask("GET", "/api/deliveries?limit=3&before=5");
    expect([numbersOf(second), second.json["next_cursor"]]).toEqual([[4, 3, 2], 2]);
    const third = await inspector.ask("GET", "/api/deliveries?limit=3&before=2");
    expect([numbersOf(third), third.json["next_cursor"]]).toEqual([[1], null]);
    const newer = await inspector.ask("GET", "/api/deliveries?after=5");
    expect([numbersOf(newer), newer.json["next_cursor"]]).toEqual([[7, 6], null]);
    expectGuarded(newer.headers);
  });

  test("has 100 where no limit is given, and 1,000 at most", async () => {
    const inspector = await openInspector();
    inspector.record(...Array.from({ length: 1001 }, (_, index) => ({ id: `dlv_${index}` })));
    expect(numbersOf(await inspector.ask("GET", "/api/deliveries"))).toHaveLength(100);
    expect(numbersOf(await inspector.ask("GET", "/api/deliveries?limit=1000"))).toHaveLength(1000);
  });

  test("has what the filters say", async () => {
    const inspector = await openInspector();
    inspector.record(
      { id: "dlv_1" },
      { id: "dlv_2", provider: "fynn", event: "invoice.paid", verified: false, code: "signature-mismatch" },
      { id: "dlv_3", provider: null, event: null, verified: null },
      { id: "dlv_4", attempts: [attempt({ ok: false, status: 500 })], body: Buffer.from("a needle, 100%") },
    );
    for (const [query, numbers] of [
      ["provider=fynn", [2]],
      ["event=order.*", [4, 1]],
      ["event=invoice.paid", [2]],
      ["verified=true", [4, 1]],
      ["verified=false", [3, 2]],
      ["failed=true", [4]],
      ["text=NEEDLE", [4]],
      ["text=100%25", [4]],
      ["text=%ff", []],
      ["provider=fareplay&failed=true&text=needle&verified=true", [4]],
      ["provider=__proto__", []],
    ] as const) {
      const answer = await inspector.ask("GET", `/api/deliveries?${query}`);
      expect([answer.status, numbersOf(answer)], query).toEqual([200, numbers]);
      expect(answer.json["total"]).toBe(4);
    }
  });

  test.each([
    "limit=0",
    "limit=1001",
    "limit=-1",
    "limit=1.5",
    "limit=",
    "limit=10&limit=10",
    "before=x",
    "before=1e3",
    "after=-1",
    "after=9999999999999999",
    "provider=",
    "event=",
    "text=",
    `text=${"x".repeat(1001)}`,
    "verified=yes",
    "verified=",
    "failed=false",
    "since=1",
    "__proto__=1",
    "provider[]=fynn",
    "<script>=1",
  ])("refuses the query %s", async (query) => {
    const inspector = await openInspector();
    const answer = await inspector.ask("GET", `/api/deliveries?${query}`);
    expectProblem(answer, 400, "request-invalid");
    expect(answer.body.toString("utf8")).not.toContain("<");
  });
});

describe("a delivery", () => {
  test("comes whole, with sentences, and without credentials of request or answer", async () => {
    const inspector = await openInspector();
    inspector.record({
      verified: false,
      code: "signature-mismatch",
      findings: [{ cause: "body-changed", confidence: "certain" } as never],
    });
    const answer = await inspector.ask("GET", "/api/deliveries/1");
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({
      number: 1,
      received_at: "2026-03-17T14:32:00.000Z",
      cause: "body-changed",
      duration_ms: 12.5,
      headers: [
        ["Host", "127.0.0.1:4400"],
        ["Cookie", "[redacted]"],
        ["X-A", "1"],
        ["x-a", "2"],
      ],
      findings: [
        { cause: "body-changed", confidence: "certain", message: "is body-changed", fix: "mend it" },
      ],
      attempts: [
        {
          headers: [
            ["Content-Type", "text/plain"],
            ["Set-Cookie", "[redacted]"],
          ],
          answer: "fine",
        },
      ],
      has_body: true,
    });
    expect(answer.body.toString("utf8")).not.toContain("secret");
    expectGuarded(answer.headers);
  });

  test("that is not there is told as such, on each of its paths", async () => {
    const inspector = await openInspector();
    for (const path of ["", "/body", "/curl"]) {
      expectProblem(await inspector.ask("GET", `/api/deliveries/9${path}`), 404, "delivery-not-found");
    }
    const replay = await inspector.ask("POST", "/api/deliveries/9/replay", { body: { route: 0 } });
    expectProblem(replay, 404, "delivery-not-found");
  });

  test("whose body was never read has none to show, to copy or to send", async () => {
    const inspector = await openInspector();
    inspector.record({ body: null, status: 413, accepted: false, attempts: [] });
    expect((await inspector.ask("GET", "/api/deliveries/1")).json).toMatchObject({ has_body: false });
    for (const path of ["/body", "/curl"]) {
      expectProblem(await inspector.ask("GET", `/api/deliveries/1${path}`), 404, "body-not-recorded");
    }
    const path = "/api/deliveries/1/replay";
    expectProblem(await inspector.ask("POST", path, { body: { route: 0 } }), 404, "body-not-recorded");
    const edited = await inspector.ask("POST", path, { body: { route: 0, body_base64: "e30=" } });
    expect(edited.status).toBe(200);
  });

  test("has its body byte for byte, as a file and nothing else", async () => {
    const inspector = await openInspector();
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    inspector.record(
      { body: bytes },
      { body: Buffer.from("<script>alert(1)</script>") },
      { body: Buffer.alloc(0) },
    );
    const answer = await inspector.ask("GET", "/api/deliveries/1/body");
    expect(answer.body).toEqual(bytes);
    expect((await inspector.ask("GET", "/api/deliveries/3/body")).body).toEqual(Buffer.alloc(0));
    const { headers } = await inspector.ask("GET", "/api/deliveries/2/body");
    expect(values(headers, "content-type")).toEqual(["application/octet-stream"]);
    expect(values(headers, "content-disposition")).toEqual(['attachment; filename="delivery-2.bin"']);
    expectGuarded(headers);
  });

  test("is copied as a command for a route, or for the listener, without credentials", async () => {
    const inspector = await openInspector();
    inspector.record({});
    for (const [query, url] of [
      ["", "http://127.0.0.1:4400"],
      ["?route=0", "http://127.0.0.1:3000/orders"],
      ["?route=1", "http://127.0.0.1:3001/"],
    ]) {
      const { status, body, headers } = await inspector.ask("GET", `/api/deliveries/1/curl${query}`);
      expect([status, body.toString("utf8")]).toEqual([
        200,
        `curl ${url} # Host 127.0.0.1:4400 Cookie [redacted] X-A 1 x-a 2`,
      ]);
      expect(values(headers, "content-type")).toEqual(["text/plain; charset=utf-8"]);
    }
    for (const query of ["?route=2", "?route=-1", "?route=x", "?route=0&route=1", "?url=http://evil.test"]) {
      const answer = await inspector.ask("GET", `/api/deliveries/1/curl${query}`);
      expectProblem(answer, 400, "request-invalid");
    }
  });
});

describe("a defect", () => {
  test("is told to whoever started it, and to the page without its words", async () => {
    const defect = new Error("<b>secret</b>");
    const fail = (): never => {
      throw defect;
    };
    const inspector = await openInspector({
      findings: fail,
      replay: () => Promise.reject(defect),
      curl: fail,
    });
    inspector.record({});
    expectProblem(await inspector.ask("GET", "/api/deliveries/1"), 500, "internal");
    expectProblem(await inspector.ask("GET", "/api/deliveries/1/curl"), 500, "internal");
    const replay = await inspector.ask("POST", "/api/deliveries/1/replay", { body: { route: 0 } });
    expectProblem(replay, 500, "internal");
    expect(inspector.errors).toEqual([defect, defect, defect]);
  });
});
