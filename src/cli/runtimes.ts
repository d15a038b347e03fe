import { execFile } from 'node:child_process';
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { installedNode, nodeFolder, nodePackage } from '../base/installed-runtimes.ts';
import { type Client, send } from './client.ts';
import { UsageError } from './options.ts';
import type { Terminal } from './terminal.ts';

export const RUNTIMES_USAGE = `lambent runtimes
  lambent runtimes install nodejs22.x`;

const run = promisify(execFile);

/** `lambent runtimes`: what each of AWS's runtimes runs on, by the word of a running server. */
export async function listRuntimes(client: Client, terminal: Terminal): Promise<number> {
  const answer = await send(client.endpoint, 'GET', '/_lambent/runtimes');
  const { runtimes } = JSON.parse(answer.body.toString('utf8')) as {
    runtimes: readonly { runtime: string; runsOn?: string; note?: string }[];
  };
  for (const { runtime, runsOn, note } of runtimes) {
    if (runsOn === undefined) terminal.out(`${runtime.padEnd(16)} -  ${note ?? ''}`);
    else terminal.out(`${runtime.padEnd(16)} ${runsOn}${note === undefined ? '' : '  (stands in for it)'}`);
  }
  return 0;
}

/**
 * `lambent runtimes install nodejs22.x`: the exact major of Node.js, from the npm package that holds this system's
 * binary, into `folder`. npm verifies what it fetches by the registry's integrity; no script of the package runs.
 */
export async function installRuntime(runtime: string, folder: string, terminal: Terminal): Promise<number> {
  const major = /^nodejs(\d+)(?:\.x)?$/.exec(runtime)?.[1];
  if (major === undefined) {
    throw new UsageError(
      `only Node.js is installed by lambent (nodejs18.x to nodejs24.x), not ${runtime}; lambent runtimes says how to get the others`,
    );
  }
  const { platform, arch } = process;
  const target = nodeFolder(folder, major);
  const unfinished = `${target}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  const wanted = `${nodePackage(platform, arch)}@${major}`;
  terminal.out(`installing ${wanted} with npm`);
  try {
    const quiet = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund'];
    await run('npm', ['install', '--prefix', unfinished, ...quiet, wanted], { cwd: unfinished });
    const fetched = installedNode(folder, major, platform, arch).replace(target, unfinished);
    await chmod(fetched, 0o755);
    const { stdout } = await run(fetched, ['--version']);
    if (!stdout.startsWith(`v${major}.`)) throw new Error(`${wanted} holds Node.js ${stdout.trim()}`);
    await rm(target, { recursive: true, force: true });
    await rename(unfinished, target);
    terminal.out(`nodejs${major}.x runs on Node.js ${stdout.trim().slice(1)} from now on: ${target}`);
    return 0;
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    const { stderr, message } = error as { stderr?: string; message: string };
    // The first line of npm's complaint is a code, and the second says what it means.
    const complaint = (stderr ?? '').split('\n').filter((line) => /^npm (?:error|ERR!)/.test(line));
    const why = complaint[1] ?? complaint[0] ?? message;
    terminal.error(`lambent: ${wanted} could not be installed: ${why}`);
    return 1;
  }
}
