/** A line of the table. */
export interface Line {
  readonly what: string;
  readonly measured: string;
  readonly reference: string;
  /** Ratio to the reference, or the figure itself where the target is absolute. */
  readonly figure: string;
  readonly target: string;
  readonly met: boolean;
}

export function ratioLine(
  what: string,
  measured: number,
  reference: number,
  target: number,
  unit = '/s',
): Line {
  const ratio = measured / reference;
  return {
    what,
    measured: `${Math.round(measured).toLocaleString('en')}${unit}`,
    reference: `${Math.round(reference).toLocaleString('en')}${unit}`,
    figure: ratio.toFixed(3),
    target: `≥ ${target}`,
    met: ratio >= target,
  };
}

/** A ratio that is better the smaller it is: of times. */
export function mostRatioLine(
  what: string,
  measured: number,
  reference: number,
  most: number,
  unit: string,
): Line {
  const ratio = measured / reference;
  return {
    what,
    measured: `${measured.toFixed(1)}${unit}`,
    reference: `${reference.toFixed(1)}${unit}`,
    figure: ratio.toFixed(2),
    target: `≤ ${most}`,
    met: ratio <= most,
  };
}

export function mostLine(what: string, measured: number, most: number, unit: string, reference = ''): Line {
  return {
    what,
    measured: `${measured.toFixed(1)} ${unit}`,
    reference,
    figure: `${measured.toFixed(1)} ${unit}`,
    target: `≤ ${most} ${unit}`,
    met: measured <= most,
  };
}

export function table(lines: readonly Line[]): string {
  const rows = lines.map(
    ({ what, measured, reference, figure, target, met }) =>
      `| ${what} | ${measured} | ${reference} | ${figure} | ${target} | ${met ? 'yes' : 'no'} |`,
  );
  return [
    '| what | Lambent | reference | figure | target | met |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}
