import type { LookupAddress, LookupOptions } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createTargetGuard, hostOf, type GuardPolicy, type TargetGuard } from "../../src/transport/guard.ts";

const closed: GuardPolicy = { private: false, ranges: [] };
const local: GuardPolicy = { private: true, ranges: [] };
const everything: GuardPolicy = { private: true, ranges: ["0.0.0.0/0", "::/0"] };
const property = { seed: 20_260_317, numRuns: 1000 };

const metadata = [
  "169.254.169.254",
  "169.254.170.2",
  "169.254.170.23",
  "169.254.42.42",
  "100.100.100.200",
  "168.63.129.16",
  "192.0.0.192",
  "fd00:ec2::254",
  "fd00:ec2::23",
  "fd20:ce::254",
  "fd00:c1::a9fe:a9fe",
  "fd00:a9fe:a9fe::1",
  "fd00:42::42",
  "fd00:100::100:200",
  "fe80::a9fe:a9fe",
];

/** What a refusal says of the address, without who refuses and what would open it. */
const whatOf = (refusal: string | undefined): string | undefined =>
  refusal?.replace(/^this server sends nothing to /, "").replace(/ unless it was started with .*$/, "");

/** Each kind with its first and last addresses. */
const special: [words: string, ...addresses: string[]][] = [
  ["a metadata address", ...metadata],
  ["an unspecified address", "0.0.0.0", "::", "0:0:0:0:0:0:0:0"],
  ["a loopback address", "127.0.0.0", "127.0.0.1", "127.255.255.255", "::1", "0:0:0:0:0:0:0:1"],
  ["a private address", "10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255"],
  [
    "a private address",
    "192.168.0.0",
    "192.168.255.255",
    "fc00::",
    "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
  ],
  ["a link-local address", "169.254.0.0", "169.254.255.255", "fe80::1", "febf:ffff::1", "FE80::1"],
  ["a carrier-grade NAT address", "100.64.0.0", "100.127.255.255"],
  [
    "a documentation address",
    "192.0.2.1",
    "198.51.100.255",
    "203.0.113.0",
    "2001:db8::1",
    "3fff:fff:ffff::1",
  ],
  ["a benchmarking address", "198.18.0.0", "198.19.255.255", "2001:2::1"],
  ["a multicast address", "224.0.0.0", "239.255.255.255", "ff02::1"],
  ["a broadcast address", "255.255.255.255"],
  ["an IPv4-mapped address", "::ffff:127.0.0.1", "::ffff:7f00:1", "::FFFF:8.8.8.8", "0:0:0:0:0:ffff:808:808"],
  ["an IPv4-translated address", "::ffff:0:127.0.0.1"],
  ["an IPv4-compatible address", "::127.0.0.1", "::808:808", "::2"],
  ["a NAT64 address", "64:ff9b::8.8.8.8", "64:ff9b::7f00:1"],
  ["a local NAT64 address", "64:ff9b:1::1", "64:ff9b:1:ffff::127.0.0.1"],
  ["a 6to4 address", "2002:7f00:1::1", "2002:ffff:ffff::"],
  ["a Teredo address", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
  ["an ORCHID address", "2001:10::1", "2001:2f:ffff::1"],
  ["a reserved address", "0.0.0.1", "0.255.255.255", "192.0.0.0", "192.0.0.255", "192.88.99.1", "240.0.0.0"],
  ["a reserved address", "255.255.255.254", "2001:1::1", "2001:1ff:ffff::1", "100::1", "5f00::1", "fec0::1"],
  ["a reserved address", "1fff:ffff::1", "4000::", "1::", "64:ff9b:2::1", "8000::1"],
];

const reachable = [
  ...["1.0.0.0", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"],
  ...[
    "128.0.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.0.3.0",
  ],
  ...["192.88.98.255", "192.88.100.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0"],
  ...["198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255", "168.63.129.17"],
  ...[
    "2000::",
    "2001:200::",
    "2001:4860:4860::8888",
    "2001:db7:ffff::1",
    "2001:db9::",
    "2003::1",
    "2606:4700::",
  ],
  ...["2620:4f:8000::1", "3ffe::1", "3fff:1000::", "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
];

describe("addresses", () => {
  const guard = createTargetGuard(closed);
  test.each(special)("%s: %s", (words, ...addresses) => {
    for (const address of addresses) expect(whatOf(guard.refusal(address))).toBe(`${words} (${address})`);
  });

  test("global unicast addresses pass, those next to a special range too", () => {
    for (const address of reachable) expect([address, guard.refusal(address)]).toEqual([address, undefined]);
  });

  test.each(["fe80::1%lo", "2606:4700::1%eth0", "::1%1", "::ffff:127.0.0.1%lo"])(
    "with a zone: %s",
    (address) => {
      for (const policy of [closed, local, everything])
        expect(whatOf(createTargetGuard(policy).refusal(address))).toBe(
          `an address with a zone ("${address}")`,
        );
    },
  );

  test.each([
    "",
    "localhost",
    "[::1]",
    "127.1",
    "0177.0.0.1",
    "2130706433",
    "8.8.8.8.",
    " 8.8.8.8",
    "8.8.8.8\n",
  ])("%j is no address and does not pass as one", (text) => {
    expect(whatOf(createTargetGuard(everything).refusal(text))).toBe(
      `${JSON.stringify(text)}, which is no IP address`,
    );
  });
});

describe("policies", () => {
  test("private opens loopback and private addresses and nothing else", () => {
    const guard = createTargetGuard(local);
    const opened = special.filter(([, ...addresses]) =>
      addresses.some((one) => guard.refusal(one) === undefined),
    );
    expect([...new Set(opened.map(([words]) => words))]).toEqual(["a loopback address", "a private address"]);
    for (const address of [
      "127.0.0.1",
      "::1",
      "10.1.2.3",
      "172.16.0.1",
      "192.168.1.1",
      "fd12::1",
      ...reachable,
    ])
      expect([address, guard.refusal(address)]).toEqual([address, undefined]);
  });

  test("a range opens its own addresses and no others", () => {
    const guard = createTargetGuard({
      private: false,
      ranges: ["10.1.0.0/16", "FD00:1::/32", "127.0.0.2/32"],
    });
    for (const address of ["10.1.0.0", "10.1.255.255", "fd00:1::", "fd00:1:ffff::1", "127.0.0.2", "8.8.8.8"])
      expect([address, guard.refusal(address)]).toEqual([address, undefined]);
    for (const address of [
      "10.0.255.255",
      "10.2.0.0",
      "fd00:2::",
      "127.0.0.1",
      "127.0.0.3",
      "::ffff:10.1.0.1",
    ])
      expect(guard.refusal(address)).toContain(`(${address})`);
  });

  test("ranges of one family open nothing of the other", () => {
    expect(createTargetGuard({ private: false, ranges: ["::/0"] }).refusal("127.0.0.1")).toBeDefined();
    expect(createTargetGuard({ private: false, ranges: ["0.0.0.0/0"] }).refusal("::1")).toBeDefined();
  });

  test("the link-local range opens, its metadata addresses do not", () => {
    const guard = createTargetGuard({ private: false, ranges: ["169.254.0.0/16"] });
    expect(guard.refusal("169.254.1.1")).toBeUndefined();
    expect(whatOf(guard.refusal("169.254.169.254"))).toBe("a metadata address (169.254.169.254)");
  });

  test.each(metadata)("no policy opens %s, by itself or through IPv6", (address) => {
    const own = `${address}/${isIP(address) === 4 ? 31 : 127}`;
    const spellings = isIP(address) === 4 ? [`::ffff:${address}`, `::${address}`, `64:ff9b::${address}`] : [];
    for (const policy of [closed, local, everything, { private: true, ranges: [own, "64:ff9b::/96"] }]) {
      const guard = createTargetGuard(policy);
      expect(whatOf(guard.refusal(address))).toBe(`a metadata address (${address})`);
      for (const spelling of spellings) expect(guard.refusal(spelling)).toContain(`(${spelling})`);
    }
  });

  test("no range opens what carries an IPv4 address, other than NAT64's own for global addresses", () => {
    const guard = createTargetGuard(everything);
    for (const address of [
      "::ffff:8.8.8.8",
      "::ffff:0:8.8.8.8",
      "::8.8.8.8",
      "64:ff9b:1::808:808",
      "2002:808:808::",
    ])
      expect(guard.refusal(address)).toContain(`(${address})`);
    expect(whatOf(guard.refusal("2001::1"))).toBe("a Teredo address (2001::1)");
    expect(guard.refusal("64:ff9b::8.8.8.8")).toBeUndefined();
    expect(whatOf(guard.refusal("64:ff9b::10.0.0.1"))).toBe("a NAT64 address (64:ff9b::10.0.0.1)");
  });

  test.each([
    ...[
      "",
      "10.0.0.0",
      "10.0.0.0/",
      "/8",
      "10.0.0.0/33",
      "10.0.0.0/08",
      "10.0.0.0/-1",
      "10.0.0.0/8/8",
      "10/8",
    ],
    ...[
      "010.0.0.0/8",
      "10.0.0.0/8\n",
      " 10.0.0.0/8",
      "::/129",
      "::1",
      "fe80::1%lo/64",
      "[::1]/128",
      "localhost/8",
    ],
    ...["10.0.0.0/255.0.0.0", "10.0.0.0/1e1", "x".repeat(100_000)],
  ])("%j is no range", (range) => {
    let thrown: unknown;
    try {
      createTargetGuard({ private: false, ranges: ["10.0.0.0/8", range] });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: "target-range-invalid", exitCode: 2 });
    expect((thrown as { nextSteps: string[] }).nextSteps[0]).toContain("10.0.0.0/8");
  });
});

describe("a refusal", () => {
  test.each([
    ["::1", " unless it was started with --allow-private-targets or --allow-target ::1/128"],
    ["10.0.0.1", " unless it was started with --allow-private-targets or --allow-target 10.0.0.1/32"],
    ["100.64.0.1", " unless it was started with --allow-target 100.64.0.1/32"],
    ["169.254.169.254", ""],
    ["::ffff:10.0.0.1", ""],
    ["64:ff9b::10.0.0.1", ""],
    ["64:ff9b::8.8.8.8", " unless it was started with --allow-target 64:ff9b::8.8.8.8/128"],
    ["fe80::1%lo", ""],
  ])("of %s says what opens it, where anything does:%s", (address, advice) => {
    const words = createTargetGuard(closed).refusal(address);
    expect(words).toMatch(/^this server sends nothing to an? [\w -]+ \(\S+\)/);
    expect(words?.replace(/^.*?\)/, "")).toBe(advice);
    for (const range of advice.match(/\S+\/\d+$/) ?? [])
      expect(createTargetGuard({ private: false, ranges: [range] }).refusal(address)).toBeUndefined();
  });
});

describe("a range that holds only what nothing opens", () => {
  const madeWith = (range: string) => createTargetGuard({ private: false, ranges: [range] });
  test.each([
    ...metadata.map((address) => `${address}/${isIP(address) === 4 ? 32 : 128}`),
    ...["::ffff:0:0/96", "::ffff:10.0.0.0/104", "::10.0.0.0/104", "2002::/16", "2002:a00::/24", "2001::/32"],
    ...["64:ff9b:1::/48", "64:ff9b::10.0.0.0/104", "64:ff9b::169.254.169.254/128"],
  ])("is refused: %s", (range) => {
    expect(() => madeWith(range)).toThrow(
      expect.objectContaining({ code: "target-range-invalid", exitCode: 2 }) as Error,
    );
  });

  test.each([
    ["169.254.169.254/31", "169.254.169.255"],
    ["::1/128", "::1"],
    ["::/128", "::"],
    ["::/96", "::1"],
    ["64:ff9b::/96", "64:ff9b::8.8.8.8"],
    ["2001::/31", "2001:1::1"],
    ["::/0", "::1"],
  ])("is not %s, which opens %s", (range, address) => {
    expect(madeWith(range).refusal(address)).toBeUndefined();
  });
});

describe("any address", () => {
  const byte = fc.integer({ min: 0, max: 255 });
  // Few random addresses are special ones: half of them start as those do.
  const leads = fc.constantFrom(
    ...[[0], [10], [100, 64], [100, 127], [127], [169, 254], [172, 16], [172, 31], [172, 32], [192, 0, 0]],
    ...[
      [192, 0, 2],
      [192, 88, 99],
      [192, 168],
      [198, 18],
      [198, 19],
      [198, 51, 100],
      [203, 0, 113],
      [224],
      [255],
    ],
  );
  const ipv4 = fc
    .tuple(fc.oneof(leads, fc.constant<number[]>([])), fc.tuple(byte, byte, byte, byte))
    .map(([lead, rest]) => [...lead, ...rest].slice(0, 4) as [number, number, number, number]);

  test("IPv4: agrees with the ranges written as comparisons", () => {
    const guard = createTargetGuard(closed);
    const refused = ([a, b, c, d]: [number, number, number, number]): boolean =>
      a === 0 ||
      a === 10 ||
      a === 127 ||
      a >= 224 ||
      (a === 100 && b >= 64 && b < 128) ||
      (a === 169 && b === 254) ||
      (a === 172 && b >= 16 && b < 32) ||
      (a === 192 && (b === 168 || (b === 0 && (c === 0 || c === 2)) || (b === 88 && c === 99))) ||
      (a === 198 && (b === 18 || b === 19 || (b === 51 && c === 100))) ||
      (a === 203 && b === 0 && c === 113) ||
      (a === 168 && b === 63 && c === 129 && d === 16);
    fc.assert(
      fc.property(ipv4, (bytes) => {
        expect(guard.refusal(bytes.join(".")) !== undefined).toBe(refused(bytes));
      }),
      property,
    );
  });

  test("IPv6: agrees with the ranges written as numbers", () => {
    const guard = createTargetGuard(closed);
    const group = fc.integer({ min: 0, max: 0xffff });
    const heads = fc.constantFrom(
      ...[
        [0x2001],
        [0x2001, 0],
        [0x2001, 0x1ff],
        [0x2001, 0x200],
        [0x2001, 0xdb8],
        [0x2002],
        [0x2606],
        [0x3fff, 0],
      ],
      ...[
        [0x3fff, 0xfff],
        [0x3fff, 0x1000],
        [0x1fff],
        [0x4000],
        [0xfc00],
        [0xfe80],
        [0xff02],
        [0x64, 0xff9b],
        [],
      ],
    );
    const refused = (groups: readonly number[]): boolean => {
      const high = BigInt((groups[0] ?? 0) * 0x10000 + (groups[1] ?? 0));
      const within = (from: bigint, to: bigint): boolean => high >= from && high <= to;
      return (
        !within(0x20000000n, 0x3fffffffn) ||
        within(0x20010000n, 0x200101ffn) ||
        high === 0x20010db8n ||
        within(0x20020000n, 0x2002ffffn) ||
        within(0x3fff0000n, 0x3fff0fffn)
      );
    };
    fc.assert(
      fc.property(heads, fc.array(group, { minLength: 8, maxLength: 8 }), (head, rest) => {
        const groups = [...head, ...rest].slice(0, 8);
        const address = groups.map((value) => value.toString(16)).join(":");
        expect(guard.refusal(address) !== undefined).toBe(refused(groups));
      }),
      property,
    );
  });

  test("IPv4-mapped: never passes, however it is spelt, whatever the policy", () => {
    const guards = [closed, local, everything, { private: true, ranges: ["::ffff:0:0/95"] }].map((policy) =>
      createTargetGuard(policy),
    );
    fc.assert(
      fc.property(ipv4, ([a, b, c, d]) => {
        const high = (a * 256 + b).toString(16);
        const low = (c * 256 + d).toString(16);
        for (const spelling of [
          `::ffff:${a}.${b}.${c}.${d}`,
          `::ffff:${high}:${low}`,
          `0:0:0:0:0:FFFF:${high}:${low}`,
          `0000:0000:0000:0000:0000:ffff:${high.padStart(4, "0")}:${low.padStart(4, "0")}`,
          hostOf(new URL(`http://[::ffff:${a}.${b}.${c}.${d}]`)),
        ])
          for (const guard of guards)
            expect(whatOf(guard.refusal(spelling))).toBe(`an IPv4-mapped address (${spelling})`);
      }),
      { ...property, numRuns: 60 },
    );
  });

  test("NAT64, opened: what passes is what would pass as IPv4", () => {
    const guard = createTargetGuard({ private: true, ranges: ["64:ff9b::/96"] });
    const plain = createTargetGuard(closed);
    fc.assert(
      fc.property(ipv4, (bytes) => {
        const address = bytes.join(".");
        expect(guard.refusal(`64:ff9b::${address}`) === undefined).toBe(plain.refusal(address) === undefined);
      }),
      property,
    );
  });
});

/** Answers each name with its addresses, or as the system does where it has none. */
function names(
  table: Readonly<Record<string, readonly string[]>>,
): LookupFunction & { asked: LookupOptions[] } {
  const asked: LookupOptions[] = [];
  const lookup: LookupFunction = (name, options, callback) => {
    asked.push(options);
    const addresses = (Object.hasOwn(table, name) ? (table[name] ?? []) : []).map(
      (address): LookupAddress => ({ address, family: isIP(address) }),
    );
    const [first] = addresses;
    queueMicrotask(() => {
      if (first === undefined) callback(Object.assign(new Error("none"), { code: "ENOTFOUND" }), []);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
  return Object.assign(lookup, { asked });
}

describe("a URL", () => {
  const guard = createTargetGuard(closed, {
    lookup: names({
      localhost: ["::1", "127.0.0.1"],
      "localhost.": ["127.0.0.1"],
      "127.0.0.1..": ["127.0.0.1"],
      "good.example": ["93.184.215.14", "2606:4700::1"],
      "good.example.": ["93.184.215.14"],
      "mixed.example": ["93.184.215.14", "10.0.0.1"],
      "mapped.example": ["::ffff:93.184.215.14"],
      "scoped.example": ["fe80::1%eth0"],
      "metadata.example": ["169.254.169.254"],
      "2130706433": ["127.0.0.1"],
    }),
  });

  test.each([
    ["http://127.0.0.1/", "a loopback address (127.0.0.1)"],
    ["https://127.0.0.1:8443/a?b", "a loopback address (127.0.0.1)"],
    ["http://2130706433/", "a loopback address (127.0.0.1)"],
    ["http://0177.0.0.1/", "a loopback address (127.0.0.1)"],
    ["http://0x7f000001/", "a loopback address (127.0.0.1)"],
    ["http://0x7f.1/", "a loopback address (127.0.0.1)"],
    ["http://127.1/", "a loopback address (127.0.0.1)"],
    ["http://127.0.0.1./", "a loopback address (127.0.0.1)"],
    ["http://127.0.0.1../", "a loopback address (127.0.0.1)"],
    ["http://%31%32%37.0.0.1/", "a loopback address (127.0.0.1)"],
    ["http://１２７。0。0。1/", "a loopback address (127.0.0.1)"],
    ["http://good.example@127.0.0.1/", "a loopback address (127.0.0.1)"],
    ["http://0/", "an unspecified address (0.0.0.0)"],
    ["http://10.1/", "a private address (10.0.0.1)"],
    ["http://0xa9fea9fe/", "a metadata address (169.254.169.254)"],
    ["http://[::1]/", "a loopback address (::1)"],
    ["http://[0:0::0:1]:80/", "a loopback address (::1)"],
    ["http://[::]/", "an unspecified address (::)"],
    ["http://[::ffff:127.0.0.1]/", "an IPv4-mapped address (::ffff:7f00:1)"],
    ["http://[::ffff:7f00:1]/", "an IPv4-mapped address (::ffff:7f00:1)"],
    ["http://[::127.0.0.1]/", "an IPv4-compatible address (::7f00:1)"],
    ["http://[64:ff9b::127.0.0.1]/", "a NAT64 address (64:ff9b::7f00:1)"],
    ["http://[fe80::1]/", "a link-local address (fe80::1)"],
    ["http://localhost/", "a loopback address (::1)"],
    ["http://LOCALHOST:3000/", "a loopback address (::1)"],
    ["http://localhost./", "a loopback address (127.0.0.1)"],
    ["http://mixed.example/", "a private address (10.0.0.1)"],
    ["http://mapped.example/", "an IPv4-mapped address (::ffff:93.184.215.14)"],
    ["http://scoped.example/", 'an address with a zone ("fe80::1%eth0")'],
    ["http://metadata.example/", "a metadata address (169.254.169.254)"],
    ["tcp://2130706433/", "a loopback address (127.0.0.1)"],
    ["http://good.example/", undefined],
    ["http://good.example./", undefined],
    ["http://93.184.215.14/", undefined],
    ["http://0x5db8d70e/", undefined],
    ["http://[2606:4700::1]/", undefined],
    ["http://nothing.example/", undefined],
    ["http://__proto__/", undefined],
  ])("%s", async (url, expected) => {
    expect(whatOf(await guard.check(new URL(url)))).toBe(expected);
  });

  test("an address with a zone is no URL", () => {
    expect(() => new URL("http://[fe80::1%25lo]/")).toThrow();
  });

  test("the system's own names are judged without a lookup given", async () => {
    expect(await createTargetGuard(closed).check(new URL("http://localhost/"))).toMatch(
      /^this server sends nothing to a loopback address \(/,
    );
    expect(await createTargetGuard(local).check(new URL("http://localhost/"))).toBeUndefined();
  });

  test("a name that gives no answer in time, or none at all, is not refused", async () => {
    const silent = createTargetGuard(closed, { lookup: () => undefined, lookupTimeoutMs: 1 });
    expect(await silent.check(new URL("http://slow.example/"))).toBeUndefined();
    const empty = createTargetGuard(closed, { lookup: (_, __, callback) => callback(null, []) });
    expect(await empty.check(new URL("http://empty.example/"))).toBeUndefined();
  });
});

describe("a look-up for a connection", () => {
  const lookup = names({
    "good.example": ["93.184.215.14", "2606:4700::1"],
    "good-first.example": ["93.184.215.14", "10.0.0.1"],
    "bad-first.example": ["10.0.0.1", "93.184.215.14"],
  });
  const guard = createTargetGuard(closed, { lookup });
  const look = (name: string, options: LookupOptions, by: TargetGuard = guard) =>
    new Promise<unknown[]>((resolve) => by.lookup(name, options, (...answer) => resolve(answer)));

  test("gives all addresses, or the first", async () => {
    const all = [
      { address: "93.184.215.14", family: 4 },
      { address: "2606:4700::1", family: 6 },
    ];
    expect(await look("good.example", { all: true })).toEqual([null, all]);
    expect(await look("good.example", {})).toEqual([null, "93.184.215.14", 4]);
    expect(await look("good.example", { all: false })).toEqual([null, "93.184.215.14", 4]);
  });

  test("passes on what it is asked, and always asks for all", async () => {
    await look("good.example", { family: 6, hints: 32, all: false });
    expect(lookup.asked.at(-1)).toEqual({ family: 6, hints: 32, all: true });
  });

  test.each([
    ["good-first.example", {}],
    ["good-first.example", { all: true }],
    ["bad-first.example", {}],
    ["bad-first.example", { all: true }],
  ])("%s %j is refused for one bad address", async (name, options) => {
    const [error] = await look(name, options);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      code: "ERR_TARGET_REFUSED",
      message: expect.stringContaining("a private address (10.0.0.1)") as string,
    });
  });

  test("what the resolver reports is passed on, and no address at all is an error", async () => {
    expect((await look("nothing.example", {}))[0]).toMatchObject({ code: "ENOTFOUND", message: "none" });
    const empty = createTargetGuard(closed, { lookup: (_, __, callback) => callback(null, []) });
    for (const options of [{}, { all: true }])
      expect((await look("empty.example", options, empty))[0]).toMatchObject({ code: "ENOTFOUND" });
  });

  test("a resolver that knows single answers alone is judged too", async () => {
    const single = createTargetGuard(closed, { lookup: (_, __, callback) => callback(null, "127.0.0.1", 4) });
    expect((await look("one.example", {}, single))[0]).toMatchObject({ code: "ERR_TARGET_REFUSED" });
    expect(whatOf(await single.check(new URL("http://one.example/")))).toBe("a loopback address (127.0.0.1)");
  });
});
