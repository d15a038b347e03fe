/** CPU milliseconds this process spends in `body`: what it costs, however busy the machine is. */
export function cpuMs(body: () => void): number {
  const start = process.cpuUsage();
  body();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
