const areas = ["keys", "endpoints", "events", "deliveries", "activity"] as const;

/** Every scope there is: `keys:read`, `keys:write`, … */
export const scopes = areas.flatMap((area) => [`${area}:read`, `${area}:write`] as const);

/** What a key may be allowed to do. */
export type Scope = (typeof scopes)[number];
