/** The types that an application sees. `npm run check` enforces these lines. */
import { expectTypeOf, test } from 'vitest';
import type {
  EndedResponse,
  Finisher,
  Handler,
  Request,
  Response,
} from '../../../src/runtime/application.ts';
import { IncomingRequest } from '../../../src/runtime/http/request/incoming-request.ts';
import { OutgoingResponse } from '../../../src/runtime/http/response/outgoing-response.ts';

test('the type of a request hides the operations of the runtime from handlers', () => {
  type Hidden =
    | 'abort'
    | 'allowedMethods'
    | 'announceEnding'
    | 'decodeContent'
    | 'detach'
    | 'end'
    | 'halfClose'
    | 'isAsterisk'
    | 'isConditional'
    | 'limitStream'
    | 'methodNumber'
    | 'parameterNames'
    | 'routeName'
    | 'routeNumber'
    | 'streamFrom';
  expectTypeOf<Exclude<keyof IncomingRequest, keyof Request>>().toEqualTypeOf<Hidden>();
  expectTypeOf<Parameters<Handler>[0]>().toEqualTypeOf<Request>();
  // @ts-expect-error A handler cannot end a request: the runtime gives its memory back.
  const end = (request: Request): void => request.end();
  // @ts-expect-error A handler cannot abort a request in the client's name.
  const abort = (request: Request): void => request.abort('gone');
  expectTypeOf(end).toBeFunction();
  expectTypeOf(abort).toBeFunction();
  expectTypeOf(IncomingRequest.prototype).toExtend<Request>();
});

test('the type of a response hides the operations of the runtime from handlers', () => {
  type ForFinishers = 'body' | 'replaceBody' | 'sealed';
  type Hidden =
    | 'becomeNotModified'
    | 'becomeProblem'
    | 'endWithProblem'
    | 'forgetBody'
    | 'headers'
    | 'reset'
    | 'seal'
    | 'streamLength';
  expectTypeOf<Exclude<keyof EndedResponse, keyof Response>>().toEqualTypeOf<ForFinishers>();
  expectTypeOf<Exclude<keyof OutgoingResponse, keyof EndedResponse>>().toEqualTypeOf<Hidden>();
  expectTypeOf<Parameters<Handler>[1]>().toEqualTypeOf<Response>();
  expectTypeOf<Parameters<Finisher>[1]>().toEqualTypeOf<EndedResponse>();
  // @ts-expect-error A handler cannot seal a response: the pipeline does when all finishers have run.
  const seal = (response: Response): void => response.seal();
  // @ts-expect-error Nor can a finisher.
  const sealEnded = (response: EndedResponse): void => response.seal();
  expectTypeOf(seal).toBeFunction();
  expectTypeOf(sealEnded).toBeFunction();
  expectTypeOf(OutgoingResponse.prototype).toExtend<EndedResponse>();
});
