import { execFileSync } from 'node:child_process';

/** Whether a program that some tests need is on the PATH. */
export function isHere(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
