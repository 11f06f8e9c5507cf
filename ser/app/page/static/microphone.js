// In the browser's audio thread: samples become 16-bit chunks, and are handed over.
registerProcessor("microphone", class extends AudioWorkletProcessor {
  chunk = new Int16Array(2048);
  filled = 0;

  process([[samples]]) {
    for (const sample of samples ?? []) {
      this.chunk[this.filled++] = Math.round(Math.max(-32768, Math.min(32767, 32768 * sample)));
      if (this.filled === this.chunk.length) {
        this.port.postMessage(this.chunk); // a copy goes
        this.filled = 0;
      }
    }
    return true;
  }
});
