// Starts everything at once: the conductor's worker, lab.wasm for it, and the page's own ui.wasm.
// A small script of its own, so that neither of the two modules waits for the other.

const boot = (globalThis.etcdlabBoot = {
  conductor: null,
  modulePromise: null,
  spawnConductor,
  fetchCheats,
  // The first failure, for the page to show if it comes up later.
  failure: null,
  // Set by the page once it can show failures itself.
  onfailure: null,
});

function fail(text) {
  boot.failure ??= text;
  if (boot.onfailure) boot.onfailure(text);
  else showPlainly(text);
}

// Without the page there is only what index.html carries.
function showPlainly(text) {
  const place = document.getElementById('failure');
  if (!place) return;
  place.hidden = false;
  const reason = document.getElementById('failure-reason');
  if (reason) reason.textContent = text;
}

async function compileLab() {
  const response = await fetch('./lab.wasm');
  if (!response.ok) throw new Error(`lab.wasm: HTTP status ${response.status}`);
  if (WebAssembly.compileStreaming) {
    try {
      return await WebAssembly.compileStreaming(response.clone());
    } catch (error) {
      // A server that does not know the type of .wasm is no reason to stop; a bad module is, and
      // the second attempt says so.
      console.warn('lab.wasm is compiled without streaming:', error);
    }
  }
  return WebAssembly.compile(await response.arrayBuffer());
}

// A conductor in a worker of its own. It gets the compiled module as soon as there is one.
function spawnConductor(name) {
  let asModule = false;
  const options = {
    name,
    get type() {
      asModule = true;
      return 'module';
    },
  };
  const worker = new Worker('./worker.js', options);
  if (!asModule) {
    worker.terminate();
    throw new Error('this browser has no module workers');
  }
  boot.modulePromise.then(
    (module) => worker.postMessage({ kind: 'module', module }),
    () => {},
  );
  return worker;
}

// The cheat sheet as text, when somebody opens it.
async function fetchCheats() {
  const response = await fetch('./cheats.tsv');
  if (!response.ok) throw new Error(`HTTP status ${response.status}`);
  return response.text();
}

async function startPage() {
  const ui = await import('./ui.js');
  await ui.default({ module_or_path: new URL('./ui.wasm', import.meta.url) });
}

function start() {
  if (typeof WebAssembly !== 'object' || typeof Worker !== 'function') {
    fail('this browser has no WebAssembly or no web workers');
    return;
  }
  boot.modulePromise = compileLab();
  boot.modulePromise.catch((error) => fail(`The cluster's code could not be loaded: ${error.message}`));
  try {
    boot.conductor = spawnConductor('conductor');
    boot.conductor.addEventListener('error', (event) => {
      fail(`The worker ‘conductor’ failed: ${event.message || 'its script could not be loaded'}`);
    });
  } catch (error) {
    fail(`The cluster's worker could not be started: ${error.message}`);
  }
  startPage().catch((error) => {
    boot.onfailure = null;
    fail(`The page's code could not be loaded: ${error.message}`);
  });
}

start();
