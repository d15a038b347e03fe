/**
 * Runs a simulation for many seeds. A failure names its seed; with LAMBENT_SEED only that one runs. Without, the
 * seeds are the same in every run.
 */
export async function forSeeds(count: number, run: (seed: number) => Promise<void>): Promise<void> {
  const only = process.env['LAMBENT_SEED'];
  const seeds = only === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [Number(only)];
  for (const seed of seeds) {
    try {
      await run(seed);
    } catch (error) {
      throw new Error(`seed ${seed} fails; run it alone with LAMBENT_SEED=${seed}`, { cause: error });
    }
  }
}
