/**
 * Equal queries that a worker begins in one turn of its event loop share one answer. Used where requests
 * often ask the same, and batched-reads.ts cannot help because the queries are not by id.
 *
 * A query is sent in a microtask, and from then on nobody joins it. So no query is delayed, and an answer is
 * never older than the moment at which its request was parsed.
 */
export class SharedQueries<Answer> {
  readonly #collecting = new Map<string, Promise<Answer>>();

  /**
   * Call it inside the operation of each request, which then counts and fails by itself.
   * @param key equal only for queries with the same answer for the same user
   * @param send is called for the first of equal queries. Nobody may change its answer.
   */
  share(key: string, send: () => Promise<Answer>): Promise<Answer> {
    const joined = this.#collecting.get(key);
    if (joined !== undefined) return joined;
    const answer = Promise.resolve().then(() => {
      this.#collecting.delete(key);
      return send();
    });
    this.#collecting.set(key, answer);
    return answer;
  }
}
