import type { Handler } from "../app.ts";

export const health: Handler<"health"> = async ({ options, tables }) => {
  // Where the database does not answer, nothing works.
  await tables.settings.get("health");
  return { status: "ok", version: options.version };
};

export const listEventTypes: Handler<"eventTypes.list"> = ({ options }, { query }) => {
  const { all } = options.registry;
  const asked = query.provider === undefined ? all : all.filter(({ id }) => id === query.provider);
  return {
    data: asked.flatMap((provider) =>
      Object.entries(provider.events).map(([type, { description }]) => ({
        provider: provider.id,
        type,
        description,
      })),
    ),
    next_cursor: null,
  };
};
