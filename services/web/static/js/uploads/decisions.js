// What an owner decided about uploads that wait for approval: asked for now and then while they are
// in the panel, and when the tab comes back.
import { ask } from "../ask.js";
import { paths } from "../page.js";

const EVERY = 60_000; // milliseconds
const AT_ONCE = 100; // the API's own limit

/** Calls `decided(card, state)` for each of the cards that `waiting()` returns once it is decided. */
export function watchDecisions(waiting, decided) {
  const look = async () => {
    const cards = new Map(waiting().slice(0, AT_ONCE).map((card) => [card.id, card]));
    if (document.hidden || !cards.size) return;
    const { response, answer } = await ask(`${paths.photos}?ids=${[...cards.keys()].join(",")}`);
    if (!response.ok) return;
    for (const photo of answer?.photos ?? []) {
      const card = cards.get(photo.id);
      if (card?.state === "pending" && photo.state !== "pending") decided(card, photo);
    }
  };
  const quietly = () => look().catch(() => {}); // without a network the next question will do
  setInterval(quietly, EVERY);
  document.addEventListener("visibilitychange", quietly);
}
