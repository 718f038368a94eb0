import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ReplayRequest, RouteShape } from "../api.ts";
import { Dialog } from "./dialog.tsx";
import { Value } from "./value.tsx";

interface ReplayDialogProps {
  number: number;
  routes: readonly RouteShape[];
  /** Index of the route that gets the focus. */
  likely: number | undefined;
  onReplay: (request: ReplayRequest) => void;
  onClose: () => void;
}

/** Asks where a delivery is replayed to; the keys 1 to 9 choose as well. */
export function ReplayDialog(props: ReplayDialogProps): JSX.Element {
  const { number, routes, likely, onReplay, onClose } = props;
  const [original, setOriginal] = useState(false);
  const choose = (route: RouteShape | undefined): void => {
    if (route === undefined) return;
    onClose();
    onReplay({ route: route.index, ...(original ? { original } : {}) });
  };
  return (
    <Dialog title={`Replay #${number} to`} class="palette" onClose={onClose}>
      {routes.length === 0 ? (
        <NoRoutes />
      ) : (
        <div
          onKeyDown={(event) => {
            if (/^[1-9]$/.test(event.key)) choose(routes[Number(event.key) - 1]);
          }}
        >
          <ul class="choices">
            {routes.map((route, place) => (
              <li key={route.index}>
                <button
                  type="button"
                  class="choice"
                  data-autofocus={route.index === likely ? "" : undefined}
                  onClick={() => choose(route)}
                >
                  <Value text={route.url} max={200} />
                  {route.match !== null && <Value text={route.match} max={80} class="flag" />}
                  {place < 9 && <kbd aria-hidden="true">{place + 1}</kbd>}
                </button>
              </li>
            ))}
          </ul>
          <label class="check">
            <input
              type="checkbox"
              checked={original}
              onChange={(event) => setOriginal(event.currentTarget.checked)}
            />
            <span>
              With the original headers
              <small>Byte for byte as it came; its signature may be too old by now.</small>
            </span>
          </label>
        </div>
      )}
    </Dialog>
  );
}

export function NoRoutes(): JSX.Element {
  return (
    <p class="note">
      This listener forwards nowhere. Start it with a target: <code>hookline listen 3000/webhooks</code>
    </p>
  );
}
