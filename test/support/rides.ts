import { fileURLToPath } from 'node:url';
import { type Lambent, startLambent } from 'lambent/testing';
import { Client } from '../../src/cli/client.ts';
import { deploy, remove } from '../../src/cli/deploy.ts';
import { realWorld } from '../../src/world/real.ts';

const TEMPLATE = fileURLToPath(new URL('../../../examples/rides/template.yaml', import.meta.url));
const STACK = 'rides';

/** The rides example, deployed on a server of its own. */
export interface Rides {
  readonly lambent: Lambent;
  readonly apiUrl: string;
  readonly siteUrl: string;
  readonly userPoolId: string;
  readonly clientId: string;
  /** The newest code mailed to an address. */
  code(address: string): Promise<string>;
  remove(): Promise<void>;
}

export async function startRides(): Promise<Rides> {
  const lambent = await startLambent();
  const world = realWorld();
  const { endpoint, region, credentials } = lambent;
  const client = new Client({ endpoint, region, credentials, nowMs: () => world.clock.realNow() });
  const lines: string[] = [];
  const terminal = {
    out: (line: string) => void lines.push(line),
    error: (line: string) => void lines.push(line),
    draw: () => undefined,
    interactive: false,
  };
  try {
    const { outputs } = await deploy(client, world, terminal, {
      template: TEMPLATE,
      stackName: STACK,
      account: lambent.account,
      parameters: {},
    });
    const value = (name: string) => outputs.find(({ key }) => key === name)?.value ?? '';
    return {
      lambent,
      apiUrl: value('ApiUrl'),
      siteUrl: value('SiteUrl'),
      userPoolId: value('UserPoolId'),
      clientId: value('UserPoolClientId'),
      code: async (address) => {
        const answer = await fetch(`${endpoint}/_lambent/inbox`, { headers: { accept: 'application/json' } });
        const { messages } = (await answer.json()) as { messages: { to: string; text: string }[] };
        return /\d{6}/.exec(messages.find(({ to }) => to === address)?.text ?? '')?.[0] ?? '';
      },
      remove: () => remove(client, world, terminal, STACK),
    };
  } catch (error) {
    await lambent.stop();
    throw new Error(`the rides example does not deploy:\n${lines.join('\n')}`, { cause: error });
  }
}
