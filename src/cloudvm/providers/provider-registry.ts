/**
 * The provider of each provider name that a VM can have. Without a setting all are simulated. The setting
 * PROVIDERS names others: `local=qemu,aws=./providers/aws.js`.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { VM_PROVIDERS, type VmProvider } from '../vms/vm.ts';
import type { CreateProvider, Provider } from './provider.ts';
import { SimulatedProvider, type SimulatedProviderOptions } from './simulated-provider.ts';

export type Providers = Readonly<Record<VmProvider, Provider>>;

/**
 * By provider name: the name of a built-in provider, or the path of a module whose default export makes one.
 */
export type ProviderModules = Readonly<Partial<Record<VmProvider, string>>>;

/** Providers that come with the server, loaded only where a setting names them. */
const BUILT_IN: Readonly<Record<string, () => Promise<CreateProvider>>> = {
  qemu: async () => (await import('./qemu/qemu.ts')).createQemuProvider,
};

export function simulatedProviders(options: SimulatedProviderOptions): Providers {
  const simulated = new SimulatedProvider(options);
  return { aws: simulated, azure: simulated, gcp: simulated, local: simulated };
}

/** @throws Error that names the module which cannot be used */
export async function openProviders(
  modules: ProviderModules,
  simulation: SimulatedProviderOptions,
): Promise<Providers> {
  const providers: Record<VmProvider, Provider> = { ...simulatedProviders(simulation) };
  for (const name of VM_PROVIDERS) {
    const module = modules[name];
    if (module !== undefined) providers[name] = await createProvider(name, module);
  }
  return providers;
}

async function createProvider(name: string, module: string): Promise<Provider> {
  try {
    const create = (await BUILT_IN[module]?.()) ?? (await importProvider(module));
    return await create(process.env);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The provider ${module} for ${name} cannot be used: ${reason}`, { cause });
  }
}

async function importProvider(path: string): Promise<CreateProvider> {
  const imported: { readonly default?: unknown } = await import(pathToFileURL(resolve(path)).href);
  if (typeof imported.default !== 'function') throw new TypeError('its default export is no function');
  return imported.default as CreateProvider;
}
