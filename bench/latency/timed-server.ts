/**
 * This server with the CloudVM application, as the command starts it, which tells its parent the histograms
 * of its stages. Every message is a question. A process of its own, started by timed-server-process.ts.
 */
import { CLOUDVM_APPLICATION, openCloudVmResources } from '../../src/cloudvm/index.ts';
import { loadSettings } from '../../src/command/settings.ts';
import { createLogger } from '../../src/platform/log.ts';
import { Server } from '../../src/runtime/server/server.ts';

const settings = loadSettings(process.env);
const logger = createLogger({ level: settings.logLevel, name: 'server' });
const resources = await openCloudVmResources(settings, logger);
const environment = { ...process.env, ...resources.environment };
const server = await Server.start({ ...settings, app: CLOUDVM_APPLICATION, logger, environment });
await server.complete;

process.on('message', () => {
  process.send?.([...server.stageTimes].map(([stage, counts]) => [stage, Array.from(counts)]));
});

process.once('SIGTERM', async () => {
  await server.close();
  await resources[Symbol.asyncDispose]();
  process.exit();
});

process.stdout.write(`listening on ${server.url}\n`);
