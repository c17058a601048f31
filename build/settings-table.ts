/**
 * `node build/run.mjs build/settings-table.ts`: writes the table of all settings into README.md, from what
 * the rooms declare. A test fails while the README has another one.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DECLARATIONS } from '../src/command/settings.ts';
import { fileVariableOf, type Setting } from '../src/platform/settings/settings.ts';

const README = join(import.meta.dirname, '../README.md');
const BEGIN = '<!-- settings: made by build/settings-table.ts -->';
const END = '<!-- end of settings -->';

/** Markdown, with the comments around it. */
export function settingsTable(): string {
  const rows = DECLARATIONS.map(
    (setting) => `| ${namesOf(setting)} | ${fallbackText(setting)} | ${setting.about} |`,
  );
  return [BEGIN, '', '| variable | default | meaning |', '| --- | --- | --- |', ...rows, '', END].join('\n');
}

function namesOf(setting: Setting<unknown>): string {
  const file = setting.isSecret === true ? ` or \`${fileVariableOf(setting)}\`` : '';
  return `\`${setting.name}\`${file}`;
}

function fallbackText({ fallback, fallbackText }: Setting<unknown>): string {
  return fallbackText ?? `\`${fallback}\``;
}

if (import.meta.main) {
  const readme = readFileSync(README, 'utf8');
  const [before, rest] = readme.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`README.md lacks ${BEGIN} or ${END}`);
  writeFileSync(README, before + settingsTable() + after);
}
