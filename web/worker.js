// The one worker script. It makes instances of lab.wasm and carries bytes; it decides nothing.
//
// The first message is {kind: 'module', module, role?, ...}: a compiled WebAssembly.Module. A
// worker without a role is a conductor. onmessage is set before anything else happens, so that no
// message is lost, and what comes before the module waits.
import { create } from './lab.js';

const waiting = [];
let handle = null;

self.onmessage = (event) => {
  if (handle) {
    handle(event.data);
  } else if (event.data && event.data.kind === 'module') {
    handle = event.data.role === 'member' ? member(event.data) : conductor(event.data);
    for (const message of waiting.splice(0)) handle(message);
  } else {
    waiting.push(event.data);
  }
};

// A fresh instance of lab.wasm with a memory of its own.
function instance(module) {
  const lab = create();
  lab.initSync({ module });
  lab.lab_init();
  return lab;
}

// One batch in an instance of its own: {bytes} or, if it trapped, {bytes of the turns before, trap}.
function runSeat(lab, bytes) {
  try {
    return { bytes: lab.seat_run(bytes) };
  } catch (error) {
    let trap = String(error);
    let done = new Uint8Array(0);
    try {
      trap = lab.seat_panic() || trap;
      done = lab.seat_done();
    } catch (_) {
      // The instance is too broken to say more.
    }
    return { bytes: done, trap, error };
  }
}

const instanceNumber = () => Math.floor(Math.random() * Number.MAX_SAFE_INTEGER);

function member({ module }) {
  const lab = instance(module);
  lab.seat_init(self.name, instanceNumber());
  return (buffer) => {
    const { bytes, trap, error } = runSeat(lab, new Uint8Array(buffer));
    if (trap === undefined) {
      self.postMessage(bytes.buffer, [bytes.buffer]);
      return;
    }
    self.postMessage({ trap, bytes });
    throw error;
  };
}

function conductor({ module }) {
  const lab = instance(module);
  const channel = new MessageChannel();
  // One alarm at a time: every look at the clock sets it anew, and old ones must not pile up.
  let alarm = null;
  let posted = false;
  channel.port1.onmessage = () => {
    posted = false;
    guarded(() => lab.conductor_timer());
  };
  let failed = false;

  // A trap in the conductor itself: the page is told once and offers a new session.
  function guarded(action) {
    if (failed) return;
    try {
      action();
    } catch (error) {
      failed = true;
      let text = String(error);
      try {
        text = lab.seat_panic() || text;
      } catch (_) {
        // Nothing more to learn.
      }
      self.postMessage({ kind: 'fatal', text });
      throw error;
    }
  }

  function workerSeat(actor, name, seat) {
    const worker = new Worker(self.location.href, { type: 'module', name });
    let ended = false;
    const trapped = (text, bytes) => {
      if (ended) return;
      ended = true;
      guarded(() => lab.conductor_trap(actor, seat, text, bytes));
    };
    worker.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) {
        guarded(() => lab.conductor_answer(actor, seat, new Uint8Array(data)));
      } else {
        trapped(data.trap, data.bytes);
      }
    };
    // A trap is reported before it is thrown; this is for those that come without a word.
    worker.onerror = (event) => {
      event.preventDefault();
      setTimeout(() => trapped(event.message || 'the worker ended', new Uint8Array(0)), 0);
    };
    worker.postMessage({ kind: 'module', module, role: 'member' });
    return {
      run: (bytes) => void worker.postMessage(bytes.buffer, [bytes.buffer]),
      end: () => {
        ended = true;
        worker.terminate();
      },
    };
  }

  function localSeat(name) {
    const own = instance(module);
    own.seat_init(self.name, instanceNumber());
    return { run: (bytes) => runSeat(own, bytes), end: () => {} };
  }

  // The console's own module, which no leader waits for.
  function consoleHost(options) {
    let host = null;
    let failure;
    const load = async () => {
      const [{ create }, module] = await Promise.all([
        import('./console.js'),
        WebAssembly.compileStreaming(fetch('./console.wasm')),
      ]);
      const own = create();
      own.initSync({ module });
      own.console_init(options);
      host = own;
    };
    return {
      load: () =>
        void load()
          .catch((error) => (failure = String(error)))
          .then(() => guarded(() => lab.conductor_timer())),
      ready: () => host !== null,
      failure: () => failure,
      turn: (bytes) => host.console_turn(bytes),
      ask: (bytes) => host.console_ask(bytes),
    };
  }

  lab.conductor_init({
    console: consoleHost,
    post: (bytes) => self.postMessage(bytes.buffer, [bytes.buffer]),
    seat: (actor, name, seat, worker) => (worker ? workerSeat(actor, name, seat) : localSeat(name)),
    now: () => performance.now(),
    later: (ms) => {
      clearTimeout(alarm);
      if (ms > 0) {
        alarm = setTimeout(() => guarded(() => lab.conductor_timer()), ms);
      } else if (!posted) {
        posted = true;
        channel.port2.postMessage(0);
      }
    },
  });
  return (buffer) => guarded(() => lab.conductor_message(new Uint8Array(buffer)));
}
