/** Milliseconds of processor time of this process. */
export function now() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
