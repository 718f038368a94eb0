import { describe, expect, test } from "vitest";
import { createRooms } from "../../src/server/rooms.ts";

const setUp = (concurrency: number, perEndpoint: number) => {
  const freed: boolean[] = [];
  const rooms = createRooms({ concurrency, perEndpoint, free: (isMuch) => freed.push(isMuch) });
  return { rooms, freed };
};

describe("room for deliveries", () => {
  test("an endpoint has so much, whatever else there is", () => {
    const { rooms } = setUp(100, 2);
    expect([1, 2, 3].map(() => rooms.enter("a", "slow", 1))).toEqual([true, true, false]);
    expect(rooms.enter("a", "other", 1)).toBe(true);
    expect(rooms.left()).toMatchObject({
      total: 97,
      endpoints: new Map([
        ["slow", 0],
        ["other", 1],
      ]),
    });
  });

  test("an account has half of the whole", () => {
    const { rooms } = setUp(4, 4);
    expect(["x", "y", "z"].map((endpoint) => rooms.enter("a", endpoint, 1))).toEqual([true, true, false]);
    expect(["x", "y", "z"].map((endpoint) => rooms.enter("b", endpoint, 1))).toEqual([true, true, false]);
    expect(rooms.left()).toBeUndefined();
  });

  test("payloads in memory are bounded: what exceeds them is the last", () => {
    const { rooms } = setUp(100, 100);
    expect(rooms.enter("a", "x", 255_999_999)).toBe(true);
    expect(rooms.enter("a", "x", 5_000_000)).toBe(true);
    expect(rooms.enter("b", "y", 1)).toBe(false);
    expect(rooms.left()).toBeUndefined();
    rooms.leaveLane("x", false);
    rooms.leave("a", 255_999_999);
    expect(rooms.enter("b", "y", 1)).toBe(true);
  });

  test("an endpoint that gave no answer has room for two until it gives one", () => {
    const { rooms } = setUp(100, 10);
    const leave = (isSilent: boolean): void => {
      rooms.leaveLane("x", isSilent);
      rooms.leave("a", 1);
    };
    rooms.enter("a", "x", 1);
    leave(true);
    expect([1, 2, 3].map(() => rooms.enter("a", "x", 1))).toEqual([true, true, false]);
    leave(false);
    expect(rooms.enter("a", "x", 1)).toBe(true);
  });

  test("only what had to wait is told that there is room again", () => {
    const { rooms, freed } = setUp(100, 2);
    for (const endpoint of ["full", "full", "free"]) rooms.enter("a", endpoint, 1);
    rooms.leaveLane("free", false);
    rooms.leave("a", 1);
    expect(freed).toEqual([]);
    expect(rooms.enter("a", "full", 1)).toBe(false);
    rooms.leaveLane("full", false);
    expect(freed).toEqual([true]);
  });

  test("what was taken on tells who may have more", () => {
    const { rooms, freed } = setUp(100, 2);
    const room = rooms.left();
    if (room === undefined) throw new Error("there is room");
    const one = { accountId: "a", endpointId: "x", bytes: 1 };
    for (const { accountId, endpointId, bytes } of [one, one]) rooms.occupy(accountId, endpointId, bytes);
    rooms.filled(room, [one, one]);
    expect(rooms.left()).toMatchObject({ isWanted: true });
    rooms.leaveLane("x", false);
    expect(freed).toEqual([true]);
    const next = rooms.left();
    if (next === undefined) throw new Error("there is room");
    rooms.filled(next, []);
    expect(rooms.left()).toMatchObject({ isWanted: false });
  });
});
