/**
 * Makes the core that the setting CORE names. Workers call it once each.
 */

import type { Core, CoreKind, CoreOptions } from './core.ts';
import { JsCore } from './js/js-core.ts';
import { VerifyCore } from './verify-core.ts';
import { WasmCore } from './wasm/wasm-core.ts';

export function createCore(kind: CoreKind, options: CoreOptions): Core {
  switch (kind) {
    case 'wasm':
      return new WasmCore(options);
    case 'js':
      return new JsCore(options);
    case 'verify':
      return new VerifyCore(options);
  }
}
