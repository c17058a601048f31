/**
 * Why a request gets an error instead of its response: what became of the worker that ran it. Main thread,
 * used by the supervisor, which knows the cause, and by recovery, which answers.
 */

/** The status and the sentence that the client gets. */
export interface CauseOfDeath {
  readonly status: 500 | 504;
  readonly detail: string;
}

export const DIED: CauseOfDeath = {
  status: 500,
  detail: 'The worker that ran this request ended unexpectedly.',
};

export const STUCK: CauseOfDeath = {
  status: 504,
  detail: 'The handler of this request did not return in time.',
};

/** The worker died of something else, but this request had been over its time before. */
export const TIMED_OUT: CauseOfDeath = {
  status: 504,
  detail: 'The handler of this request did not answer in time.',
};
