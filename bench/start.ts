import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../src/base/package-folder.ts';
import { anonymousMemory, startServer } from '../test/support/process.ts';
import { type Line, mostLine } from './report.ts';
import { fillTable, RESTED_MS } from './setup.ts';

const STARTS = 7;
const ITEMS = 100_000;

/** Starts on an existing data folder with the example deployed, and memory with 100,000 items beside it. */
export async function benchStart(folder: string): Promise<readonly Line[]> {
  const data = join(folder, 'data');
  const example = join(folder, 'rides');
  cpSync(join(packageFolder(), 'examples/rides'), example, { recursive: true });
  const options = [join(example, 'template.yaml'), '--data', data, '--quiet'];
  const first = await startServer(options);
  await fillTable(first.port, ITEMS);
  // What deploying and filling left behind is collected, and the pool of workers is there.
  await new Promise((resolve) => setTimeout(resolve, RESTED_MS));
  const memory = anonymousMemory(first.child.pid ?? 0);
  await first.stop();
  const took: number[] = [];
  for (let i = 0; i < STARTS; i++) {
    const server = await startServer(options);
    took.push(server.readyMs);
    await server.stop();
  }
  took.sort((a, b) => a - b);
  const lines = [
    mostLine(
      `from lambent up to the ready line, existing data folder, median of ${STARTS}`,
      took[STARTS >> 1] ?? 0,
      400,
      'ms',
    ),
  ];
  if (memory !== undefined) {
    lines.push(
      mostLine(
        'anonymous memory of the server, example deployed, 100,000 items',
        memory.own,
        120,
        'MB',
        `workers beside it ${memory.descendants.toFixed(0)} MB`,
      ),
    );
  }
  return lines;
}
