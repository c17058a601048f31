/**
 * Why a worker ended, and so the error that its requests get. Main thread. The supervisor knows the cause,
 * and recovery answers with it.
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

export const TOO_LARGE: CauseOfDeath = {
  status: 500,
  detail: 'The worker that ran this request needed too much memory.',
};

/** The worker died of another cause, but this request had passed its deadline before. */
export const TIMED_OUT: CauseOfDeath = {
  status: 504,
  detail: 'The handler of this request did not answer in time.',
};
