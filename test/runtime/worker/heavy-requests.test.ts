import { describe, expect, test } from 'vitest';
import { REQUEST_INSIST, TURN_HEAVY } from '../../../src/runtime/memory/protocol.ts';
import { bodiesOf } from './support/main-side.ts';
import { get, TurnStage } from './support/turn-stage.ts';

describe('HeavyRequests', () => {
  function heavyRoute(): { readonly stage: TurnStage; readonly whileRunning: boolean[] } {
    const whileRunning: boolean[] = [];
    const stage = new TurnStage((router) =>
      router
        .get('/heavy', (_request, response) => {
          whileRunning.push(stage.main.words.isHeavy);
          response.text('heavy');
        })
        .get('/light', (_request, response) => response.text('light')),
    );
    stage.learn('/heavy', 5);
    stage.learn('/light', 0.01);
    return { stage, whileRunning };
  }

  test('a worker with handlers in flight gives a heavy request back, after the responses before it', () => {
    const { stage, whileRunning } = heavyRoute();
    stage.host.count = 1;
    const client = stage.main.connect();
    stage.receive(client, get('/light') + get('/heavy'));
    const records = stage.main.drain();
    expect(records).toMatchObject([{ turn: TURN_HEAVY, consumed: get('/light').length }]);
    expect(bodiesOf(records[0]?.text ?? '')).toEqual(['light']);
    expect(whileRunning).toEqual([]);
  });

  test('a worker without handlers in flight runs a heavy request, and is marked as heavy meanwhile', () => {
    const { stage, whileRunning } = heavyRoute();
    stage.receive(stage.main.connect(), get('/heavy'));
    expect(answersOf(stage)).toEqual(['heavy']);
    expect(whileRunning).toEqual([true]);
    expect(stage.main.words.isHeavy).toBe(false);
  });

  test.each(['assigned to it', 'insisted on'])('a worker runs a heavy request that main has %s', (how) => {
    const { stage } = heavyRoute();
    stage.host.count = 1;
    const client = stage.main.connect();
    stage.main.receive(client, get('/heavy'));
    if (how === 'insisted on') stage.main.table.setRequest(client, REQUEST_INSIST);
    stage.serve(client, how === 'assigned to it');
    expect(answersOf(stage)).toEqual(['heavy']);
  });

  test('main is woken before a heavy request runs while others wait in the queue', () => {
    let postedBefore: unknown[] = [];
    const stage = new TurnStage((router) =>
      router.get('/heavy', (_request, response) => {
        postedBefore = [...stage.posted];
        response.text('heavy');
      }),
    );
    stage.learn('/heavy', 5);
    const waiting = stage.main.connect();
    stage.main.queueRequest(waiting, get('/heavy'));
    stage.main.bell.park();
    stage.receive(stage.main.connect(), get('/heavy'));
    expect(postedBefore).toEqual([0]);
  });
});

function answersOf(stage: TurnStage): string[] {
  return stage.main.drain().flatMap(({ text }) => bodiesOf(text));
}
