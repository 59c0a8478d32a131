// One event stream for all tabs: a browser allows six connections to a daemon, and each tab would take one for good.
//
// The tab that holds the lock listens and tells the others over a channel; when it goes, another one gets the lock and
// goes on from the last event it heard of. Where there are no locks (a page that is not on this machine and has no TLS),
// each tab listens for itself.

import { eventKinds, lastEvent } from "./page.js";

const NAME = "loom-events";
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 10_000;

/**
 * Listen for ever. `onEvent(kind, data)` is called once for each event after the page was made, in order; `snapshot`
 * means that some may be missing. `onState` hears `live`, `lost`, `stopped` and, when the daemon does not know this
 * browser any more, `out`.
 */
export function listen(onEvent, onState) {
  new Listener(onEvent, onState).start();
}

class Listener {
  constructor(onEvent, onState) {
    this.onEvent = onEvent;
    this.onState = onState;
    this.last = lastEvent;
    this.state = "connecting";
    this.pause = FIRST_PAUSE;
    this.leads = false;
    this.channel = new BroadcastChannel(NAME);
    this.channel.onmessage = ({ data }) => this.heard(data);
  }

  start() {
    if (!navigator.locks) {
      this.channel.close();
      this.channel = { postMessage() {} };
      this.open();
      return;
    }
    // Held until the tab is closed.
    navigator.locks.request(NAME, () => {
      this.leads = true;
      this.open();
      return new Promise(() => {});
    });
    this.channel.postMessage({ type: "hello" });
  }

  heard(message) {
    if (message.type === "hello") {
      if (this.leads) this.tell(this.state);
    } else if (!this.leads && message.type === "state") {
      this.tell(message.state);
      // What was told before this tab began to listen, or while nobody led, is not known here.
      if (message.last !== this.last) this.take(message.last, "snapshot", []);
    } else if (!this.leads) {
      this.take(message.last, message.kind, message.data);
    }
  }

  open() {
    const source = new EventSource(`/api/events?last_event_id=${encodeURIComponent(this.last)}`);
    source.onopen = () => {
      this.pause = FIRST_PAUSE;
      this.tell("live");
    };
    source.onerror = () => {
      source.close();
      if (this.state !== "stopped") this.tell("lost");
      this.again();
    };
    for (const kind of new Set([...eventKinds, "snapshot", "shutdown"])) {
      source.addEventListener(kind, (event) => {
        const data = JSON.parse(event.data);
        this.take(event.lastEventId || this.last, kind, data);
        this.channel.postMessage({ type: "event", last: this.last, kind, data });
        if (kind === "shutdown") this.tell("stopped");
      });
    }
  }

  async again() {
    // An EventSource does not say why it was refused.
    const answer = await fetch("/readyz?only=phase").catch(() => null);
    if (answer?.status === 401) {
      this.tell("out");
      return;
    }
    setTimeout(() => this.open(), this.pause);
    this.pause = Math.min(this.pause * 1.6, LONGEST_PAUSE);
  }

  take(last, kind, data) {
    this.last = last;
    this.onEvent(kind, data);
  }

  tell(state) {
    this.state = state;
    this.onState(state);
    if (this.leads) this.channel.postMessage({ type: "state", state, last: this.last });
  }
}
