import { strict as assert } from 'node:assert';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { IAMClient } from '@aws-sdk/client-iam';
import * as sdk from '@aws-sdk/client-lambda';
import { type Lambent, startLambent } from 'lambent/testing';
import { isHere } from '../support/programs.ts';
import { makeFunctionRole } from '../support/roles.ts';

/** Speaks the Runtime API with nothing but Go's own library. */
const MAIN = `package main
import ("bytes";"encoding/json";"fmt";"io";"net/http";"os";"strings")
func main() {
	api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	calls := 0
	for {
		next, err := http.Get(api + "next")
		if err != nil { os.Exit(1) }
		body, _ := io.ReadAll(next.Body)
		var event map[string]any
		json.Unmarshal(body, &event)
		calls++
		answer := map[string]any{"args": os.Args, "calls": calls}
		fmt.Println("do", event["do"])
		switch event["do"] {
		case "exit": os.Exit(3)
		case "sleep": for {}
		case "memory": var held [][]byte; for { held = append(held, bytes.Repeat([]byte{1}, 1 << 20)) }
		case "who":
			folder, _ := os.Getwd()
			answer["folder"] = folder
			answer["greeting"] = os.Getenv("GREETING")
			answer["key"] = os.Getenv("AWS_ACCESS_KEY_ID") != ""
			answer["root"] = fmt.Sprint(os.WriteFile("/other", []byte("x"), 0o644))
			answer["tmp"] = fmt.Sprint(os.WriteFile("/tmp/file", []byte(strings.Repeat("x", 1000)), 0o644))
			sent, err := http.Get(os.Getenv("AWS_ENDPOINT_URL") + "/_lambent/inbox")
			if err == nil { answer["inbox"] = sent.StatusCode }
		}
		text, _ := json.Marshal(answer)
		http.Post(api + next.Header.Get("Lambda-Runtime-Aws-Request-Id") + "/response", "application/json", bytes.NewReader(text))
	}
}`;

function engineAnswers(): boolean {
  try {
    execFileSync('docker', ['ps', '-q'], { stdio: 'ignore' });
    return process.platform === 'linux';
  } catch {
    return false;
  }
}

const IMAGE = 'lambent-test-image:1';

function makeImage(): void {
  const folder = mkdtempSync(join(tmpdir(), 'lambent-image-'));
  try {
    writeFileSync(join(folder, 'main.go'), MAIN);
    execFileSync('go', ['build', '-o', 'bootstrap', 'main.go'], {
      cwd: folder,
      env: { ...process.env, CGO_ENABLED: '0' },
    });
    const tar = execFileSync('tar', ['c', 'bootstrap'], { cwd: folder, maxBuffer: 1 << 28 });
    const changes = ['ENTRYPOINT ["/bootstrap"]', 'CMD ["app.handler"]', 'ENV GREETING=image'];
    execFileSync('docker', ['import', ...changes.flatMap((one) => ['--change', one]), '-', IMAGE], {
      input: tar,
      stdio: ['pipe', 'ignore', 'inherit'],
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

let lambent: Lambent;
let lambda: sdk.LambdaClient;
let Role = '';

before(async () => {
  lambent = await startLambent();
  const { endpoint, region, credentials } = lambent;
  const config = { endpoint, region, credentials, maxAttempts: 1 };
  lambda = new sdk.LambdaClient(config);
  const iam = new IAMClient(config);
  Role = await makeFunctionRole(iam, 'runner');
  iam.destroy();
});
after(async () => {
  lambda.destroy();
  await lambent.stop();
});

const create = (FunctionName: string, more: Partial<sdk.CreateFunctionCommandInput> = {}) =>
  lambda.send(
    new sdk.CreateFunctionCommand({
      FunctionName,
      Role,
      PackageType: 'Image',
      Code: { ImageUri: IMAGE },
      ...more,
    }),
  );

async function invoke(FunctionName: string, event: unknown) {
  const answer = await lambda.send(
    new sdk.InvokeCommand({
      FunctionName,
      Payload: Buffer.from(JSON.stringify(event)),
      LogType: 'Tail',
    }),
  );
  return {
    error: answer.FunctionError,
    value: JSON.parse(Buffer.from(answer.Payload ?? []).toString()),
    log: Buffer.from(answer.LogResult ?? '', 'base64').toString(),
  };
}

test('what an image and a zip may not be given', async () => {
  await assert.rejects(create('bad', { Runtime: 'nodejs20.x' }), {
    name: 'InvalidParameterValueException',
    message:
      /Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image/,
  });
  await assert.rejects(create('bad', { PackageType: 'Zip' }), { name: 'InvalidParameterValueException' });
  // Without an engine too: the message says what is missing.
  await assert.rejects(create('bad', { Code: { ImageUri: 'lambent-test-absent:1' } }), {
    name: 'InvalidParameterValueException',
    message: /does not exist\. Provide a valid source image\.|container engine|Docker/,
  });
});

/** Waits until a server has no containers. */
async function none(pid: number): Promise<void> {
  const left = () =>
    execFileSync('docker', ['ps', '-aq', '--filter', `label=lambent.server=${pid}`]).toString();
  for (let look = 0; left() !== ''; look++) {
    assert.ok(look < 100, left());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

if (engineAnswers() && isHere('docker') && hasGo()) {
  describe('functions from container images', () => {
    before(makeImage);
    after(() => execFileSync('docker', ['rmi', '-f', IMAGE], { stdio: 'ignore' }));

    test('run confined, warm, with their configuration', async () => {
      const made = await create('image', {
        Environment: { Variables: { GREETING: 'hello', PATH: '/x', LINES: 'a\nb' } },
        ImageConfig: { Command: ['other.handler'], WorkingDirectory: '/tmp' },
      });
      assert.equal(made.PackageType, 'Image');
      assert.equal(made.Runtime, undefined);
      assert.match(made.CodeSha256 ?? '', /^[0-9a-f]{64}$/);
      assert.deepEqual(made.ImageConfigResponse?.ImageConfig, {
        Command: ['other.handler'],
        WorkingDirectory: '/tmp',
      });
      const { Code } = await lambda.send(new sdk.GetFunctionCommand({ FunctionName: 'image' }));
      assert.deepEqual(Code, {
        RepositoryType: 'ECR',
        ImageUri: IMAGE,
        ResolvedImageUri: `lambent-test-image@sha256:${made.CodeSha256}`,
      });
      const { value, log, error } = await invoke('image', { do: 'who' });
      assert.equal(error, undefined);
      assert.deepEqual(
        { ...value, root: '' },
        {
          args: ['/bootstrap', 'other.handler'],
          calls: 1,
          folder: '/tmp',
          greeting: 'hello',
          key: true,
          root: '',
          tmp: '<nil>',
          inbox: 403,
        },
      );
      assert.match(value.root, /read-only file system/);
      assert.match(log, /do who\n/);
      assert.match(log, /REPORT .*Init Duration/);
      await new Promise((resolve) => setTimeout(resolve, 600));
      assert.equal((await invoke('image', {})).value.calls, 2);
    });

    test('fail as others do, and start anew', async () => {
      await create('fails', { Timeout: 1, MemorySize: 128 });
      assert.deepEqual((await invoke('fails', {})).value.args, ['/bootstrap', 'app.handler']);
      const ended = await invoke('fails', { do: 'exit' });
      assert.equal(ended.error, 'Unhandled');
      assert.match(ended.value.errorMessage, /Runtime exited with error: exit status 3$/);
      assert.equal(ended.value.errorType, 'Runtime.ExitError');
      assert.equal((await invoke('fails', { do: 'sleep' })).value.errorType, 'Sandbox.Timedout');
      await lambda.send(new sdk.UpdateFunctionConfigurationCommand({ FunctionName: 'fails', Timeout: 20 }));
      assert.equal((await invoke('fails', { do: 'memory' })).value.errorType, 'Runtime.OutOfMemory');
      assert.equal((await invoke('fails', {})).value.calls, 1);
    });

    test('a server that is killed leaves none behind', async () => {
      const script = `
        const { startLambent } = await import(${JSON.stringify(new URL('../../src/testing/index.js', import.meta.url).href)});
        const { makeFunctionRole } = await import(${JSON.stringify(new URL('../support/roles.js', import.meta.url).href)});
        const sdk = await import('@aws-sdk/client-lambda');
        const { IAMClient } = await import('@aws-sdk/client-iam');
        const { endpoint, region, credentials } = await startLambent();
        const lambda = new sdk.LambdaClient({ endpoint, region, credentials });
        const Role = await makeFunctionRole(new IAMClient({ endpoint, region, credentials }), 'runner');
        await lambda.send(new sdk.CreateFunctionCommand({ FunctionName: 'left', Role, PackageType: 'Image', Code: { ImageUri: '${IMAGE}' } }));
        await lambda.send(new sdk.InvokeCommand({ FunctionName: 'left', Payload: '{}' }));
        await new Promise((resolve) => setTimeout(resolve, 500));
        process.kill(process.pid, 'SIGKILL');`;
      const server = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: 'ignore',
        cwd: process.cwd(),
      });
      const [, signal] = await once(server, 'exit');
      assert.equal(signal, 'SIGKILL');
      await none(server.pid ?? 0);
    });

    test('nothing of them stays', async () => {
      await lambda.send(new sdk.DeleteFunctionCommand({ FunctionName: 'image' }));
      await lambda.send(new sdk.DeleteFunctionCommand({ FunctionName: 'fails' }));
      await none(process.pid);
    });
  });
} else
  test('functions from container images', {
    skip: 'no container engine answers, or no go on the PATH',
  }, () => {});

function hasGo(): boolean {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
