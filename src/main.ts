import { UsageError } from './cli/options.ts';
import { run } from './cli/run.ts';
import { up } from './up.ts';

const [command = 'help', ...words] = process.argv.slice(2);
try {
  process.exitCode = command === 'up' ? await up(words) : await run(command, words);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`lambent: ${error.message}`);
  process.exitCode = 2;
}
