// The signals of ldirectord 4.12: TERM, INT and QUIT end in order, HUP reloads.

export interface SignalFace {
  /** `TERM`. */
  stop(name: string): void;
  reload(): void;
}

/** Returns how to take none any more. */
export function takeSignals({ stop, reload }: SignalFace): () => void {
  const stops = (['SIGTERM', 'SIGINT', 'SIGQUIT'] as const).map((name) => {
    const take = (): void => stop(name.slice(3));
    process.on(name, take);
    return () => process.off(name, take);
  });
  process.on('SIGHUP', reload);
  return () => {
    for (const ignore of stops) ignore();
    process.off('SIGHUP', reload);
  };
}
