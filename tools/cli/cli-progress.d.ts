/** The part of cli-progress that the loading bar uses; the package brings no types of its own. */
declare module 'cli-progress' {
  interface BarOptions {
    readonly format: string;
    readonly stream: NodeJS.WritableStream;
    readonly hideCursor: boolean;
    readonly clearOnComplete: boolean;
    readonly barsize: number;
    readonly formatValue: (value: number, options: BarOptions, kind: string) => string;
  }

  class SingleBar {
    constructor(options: Partial<BarOptions>, preset: object);
    start(total: number, startValue: number): void;
    update(value: number): void;
    stop(): void;
  }

  const cliProgress: {
    readonly SingleBar: typeof SingleBar;
    readonly Presets: { readonly shades_classic: object };
  };
  export default cliProgress;
}
