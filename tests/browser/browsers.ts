/**
 * The browsers that tests run in, without a screen and without a driver: each is started with a fresh profile on one
 * page, and ended with all of its processes when the page has answered.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

export interface Browser {
  readonly name: 'Chromium' | 'Firefox';
  /** The Debian package that brings it. */
  readonly packageName: string;
  /** Names of its program, the preferred first. */
  readonly programs: readonly string[];
  /** Fills a fresh profile; returns the arguments that open `url` with it. */
  prepare(profile: string, url: string): string[];
}

/** Everything off that would ask the network, or the user. */
const FIREFOX_PREFERENCES: Readonly<Record<string, boolean | number | string>> = {
  'app.normandy.enabled': false,
  'app.update.enabled': false,
  'browser.safebrowsing.downloads.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'browser.search.update': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'datareporting.policy.dataSubmissionEnabled': false,
  'datareporting.healthreport.uploadEnabled': false,
  'dom.push.enabled': false,
  'extensions.getAddons.cache.enabled': false,
  'extensions.update.enabled': false,
  'media.gmp-manager.updateEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'network.proxy.type': 0,
  'services.settings.server': 'data:,',
  'toolkit.telemetry.enabled': false,
  'toolkit.telemetry.unified': false,
};

export const CHROMIUM: Browser = {
  name: 'Chromium',
  packageName: 'chromium',
  programs: ['chromium', 'chromium-browser', 'google-chrome'],
  prepare: (profile, url) => [
    '--headless=new',
    '--no-sandbox',
    '--no-first-run',
    '--no-proxy-server',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--disable-background-networking',
    '--disable-breakpad',
    '--disable-component-update',
    '--disable-default-apps',
    '--disable-extensions',
    '--disable-sync',
    // The worklet asks for a collection where its heap is measured; each is noted with the bytes before and after.
    '--js-flags=--expose-gc,--trace-gc-nvp',
    `--user-data-dir=${profile}`,
    url,
  ],
};

export const FIREFOX: Browser = {
  name: 'Firefox',
  packageName: 'firefox-esr',
  programs: ['firefox-esr', 'firefox'],
  prepare: (profile, url) => {
    const lines = Object.entries(FIREFOX_PREFERENCES).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
    );
    writeFileSync(join(profile, 'user.js'), lines.join(''));
    return ['--headless', '--no-remote', '--profile', profile, url];
  },
};

export const BROWSERS: readonly Browser[] = [CHROMIUM, FIREFOX];

/** True where a browser that is missing is a failure. */
export function browsersAreRequired(): boolean {
  return process.env.LULL_BROWSERS === 'required';
}

/** Path of the browser's program; undefined where it is not installed. */
export function findProgram({ programs }: Browser): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return programs.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A browser that runs. */
export interface Running {
  /** What it has printed so far. */
  output(): string;
  /** Resolves when it ends by itself. */
  readonly ended: Promise<unknown>;
  /** Ends all of its processes and removes its profile. */
  end(): Promise<void>;
}

/** Starts the browser of `program` on a page. */
export function launch(browser: Browser, program: string, url: string): Running {
  const profile = mkdtempSync(join(tmpdir(), 'lull-browser-'));
  // A group of its own, so that all of its processes can be ended at once.
  const child = spawn(program, browser.prepare(profile, url), {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, HOME: profile, NODE_OPTIONS: '' },
  });
  let output = '';
  const keep = (text: unknown) => {
    output += String(text);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = once(child, 'close').catch(keep);
  return {
    output: () => output,
    ended,
    end: async () => {
      if (child.pid !== undefined) endGroup(child.pid);
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
}

function endGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}
