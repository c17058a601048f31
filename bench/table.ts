/** Tables of text for the terminal, and the line that goes with them. */
import { arch, availableParallelism, cpus, platform, release } from 'node:os';

/** Describes the machine and the tools. No number means anything without them. */
export function describeSetting(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  return `${availableParallelism()} × ${model}, ${platform()} ${release()} ${arch()}, Node ${process.version}`;
}

/** Aligns the first column to the left and the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('   '),
    )
    .join('\n');
}
