// The microphone: its samples chunk by chunk, and at the end a WAV file of them.

const REASONS = {
  NotAllowedError: "The browser does not let this page use the microphone.",
  NotFoundError: "There is no microphone.",
  NotReadableError: "Another program is using the microphone.",
};

/** Starts to record; calls `heard` with each chunk, an Int16Array. */
export async function record(heard) {
  if (!navigator.mediaDevices) {
    throw new Error("A browser gives its microphone to pages of https:// and http://127.0.0.1 alone.");
  }
  const context = new AudioContext();
  let stream;
  const chunks = [];
  const close = () => {
    stream?.getTracks().forEach((track) => track.stop());
    return context.close();
  };
  try {
    // The voice as it is: what a browser does to make calls pleasant changes it.
    const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    stream = await navigator.mediaDevices.getUserMedia({ audio });
    await context.audioWorklet.addModule(new URL("microphone.js", import.meta.url));
  } catch (error) {
    await close();
    throw new Error(REASONS[error.name] ?? String(error));
  }
  const node = new AudioWorkletNode(context, "microphone", { channelCount: 1, channelCountMode: "explicit" });
  node.port.onmessage = ({ data }) => {
    chunks.push(data);
    heard(data);
  };
  // It writes nothing to its output, but a browser may stop what leads nowhere.
  context.createMediaStreamSource(stream).connect(node).connect(context.destination);
  return {
    samplingRate: context.sampleRate,
    async stop() {
      await close();
      return new Blob([wavHeader(chunks, context.sampleRate), ...chunks], { type: "audio/wav" });
    },
  };
}

/** The 44 bytes before mono 16-bit samples: little-endian, as every browser's typed arrays are. */
function wavHeader(chunks, samplingRate) {
  const size = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  const header = new DataView(new ArrayBuffer(44));
  const text = (at, letters) => [...letters].forEach((letter, i) => header.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  header.setUint32(4, 36 + size, true);
  text(8, "WAVEfmt ");
  header.setUint32(16, 16, true); // bytes of what follows up to "data"
  header.setUint16(20, 1, true); // integers
  header.setUint16(22, 1, true); // channels
  header.setUint32(24, samplingRate, true);
  header.setUint32(28, 2 * samplingRate, true); // bytes per second
  header.setUint16(32, 2, true); // bytes per sample
  header.setUint16(34, 16, true); // bits per sample
  text(36, "data");
  header.setUint32(40, size, true);
  return header;
}
