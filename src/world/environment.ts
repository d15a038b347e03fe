/** Environment variables of the process; nothing else in `src/` reads them. */
export function environment(name: string): string | undefined {
  return process.env[name];
}
