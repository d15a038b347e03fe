/** True in `npm run test:long`; `npm test` runs a sample of the same tests. */
export const LONG = process.env['LAMBENT_TEST_TIER'] === 'long';

/** The size of a test that scales: all of it in the long tier, a sample otherwise. */
export function scaled(long: number, sample: number): number {
  return LONG ? long : sample;
}
