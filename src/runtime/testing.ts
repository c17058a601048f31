/**
 * Runs an application in this process and without a socket, for its tests. Nothing that is served imports it.
 */
export {
  InjectedApplication,
  type InjectionOptions,
  inject,
  openInjected,
} from './testing/injected-application.ts';
export type { InjectedRequest } from './testing/injected-request.ts';
export type { InjectedResponse, InjectedStream } from './testing/injected-response.ts';
