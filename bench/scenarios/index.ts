/** All scenarios, in the order in which a run takes them. */
import { HEALTH_SCENARIOS } from './health.ts';
import { ISOLATION } from './isolation.ts';
import { LOGIN } from './login.ts';
import { MIXED_API } from './mixed-api.ts';
import { OVERLOAD } from './overload.ts';
import { REQUEST_SCENARIOS } from './requests.ts';
import type { Scenario } from './scenario.ts';
import { VM_CREATE } from './vm-create.ts';
import { VM_LIST } from './vm-list.ts';
import { VM_READ } from './vm-read.ts';

export const SCENARIOS: readonly Scenario[] = [
  ...HEALTH_SCENARIOS,
  ...REQUEST_SCENARIOS,
  VM_READ,
  VM_LIST,
  VM_CREATE,
  LOGIN,
  MIXED_API,
  ISOLATION,
  OVERLOAD,
];
