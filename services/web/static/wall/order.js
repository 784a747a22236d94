// Which photo comes next: those that have just come, then the others from the newest to the oldest,
// and again. Keeps a page of photos and some ids, however large the album is and however long it runs.
const REMEMBERED = 500; // ids of the photos shown last
const STALE = 600_000; // milliseconds after which a page is asked for again: addresses end

export class Order {
  /**
   * `page(after)` resolves to `{photos, next}`, newest first, and `some(ids)` to those of these
   * photos that there are.
   */
  constructor({ page, some, now = () => Date.now() }) {
    Object.assign(this, { page, some, now });
    this.queue = [];
    this.asked = 0; // when the queue was fetched
    this.began = null; // where the page in the queue begins
    this.after = null; // where the next page begins; null for the newest
    this.walked = 0; // photos since the walk began at the newest
    this.count = 0; // photos that the last whole walk met
    this.shown = []; // ids, the last one at the end
    this.newest = null; // ids
    this.last = "~"; // where the newest end and others follow, of which they tell nothing
    this.fresh = []; // ids that came since, newest first
  }

  /** Takes the ids of the newest photos, `whole` if of all; returns whether there are new ones. */
  arrived(ids, whole = false) {
    const known = new Set([...(this.newest ?? ids), ...this.fresh, ...this.shown]);
    // Where one was taken away, an old one comes to stand at the end of the list.
    const fresh = ids.filter((id) => !known.has(id) && id < this.last);
    this.newest = ids;
    this.last = whole ? "~" : (ids.at(-1) ?? "~");
    this.fresh = [...fresh, ...this.fresh].filter((id) => !this.isGone(id));
    this.queue = this.queue.filter(({ id }) => !this.isGone(id));
    return fresh.length > 0;
  }

  /** Whether a photo was taken away, as far as the newest tell. */
  isGone(id) {
    return this.newest !== null && !this.newest.includes(id) && id < this.last;
  }

  /** Resolves to the next photo, or null where there is none; rejects where nobody answers. */
  async next() {
    if (this.fresh.length) {
      const [id] = this.fresh;
      const [photo] = await this.some([id]);
      this.fresh = this.fresh.filter((one) => one !== id); // others may have come in front meanwhile
      if (photo) return this.#show(photo);
    }
    if (this.now() - this.asked > STALE) {
      this.queue = [];
      this.after = this.began;
    }
    let rounds = 0;
    for (;;) {
      if (!this.queue.length) {
        if (!this.after && rounds++ > 1) return null;
        await this.#turn();
        continue;
      }
      const photo = this.queue.shift();
      this.walked += 1;
      if (!this.#isRecent(photo.id)) return this.#show(photo);
    }
  }

  async #turn() {
    if (!this.after) {
      this.count = this.walked;
      this.walked = 0;
    }
    const { photos, next } = await this.page(this.after);
    this.began = this.after;
    this.queue = photos;
    this.asked = this.now();
    this.after = next;
  }

  /** Whether a photo was among the last ones: as many as half of the album has. */
  #isRecent(id) {
    const gap = Math.floor(Math.max(this.count, this.walked) / 2);
    return gap > 0 && this.shown.slice(-gap).includes(id);
  }

  #show(photo) {
    this.shown.push(photo.id);
    if (this.shown.length > REMEMBERED) this.shown.shift();
    return photo;
  }
}
