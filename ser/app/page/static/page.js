// What follows when something is done on the page. The recording stays here, and is sent with each question.

import { clock, decoded, percent, redraw, showExplanation, showHeard, showTimeline } from "./pictures.js";
import { record } from "./recorder.js";

const FORM_BYTES = 1024; // what a form needs besides the recording in it
const STATES = ["invitation", "found", "refused", "busy"];
const $ = (id) => document.getElementById(id);
const facts = JSON.parse(document.body.dataset.facts);

let recording = null; // a Blob
let answer = null; // of the service
let request = null; // the last one sent
let recorder = null; // while a voice is recorded

function showOnly(...states) {
  for (const state of STATES) $(state).hidden = !states.includes(state);
}

/** Forgets the recording, and whatever is known of it. */
function forget() {
  request?.abort();
  [recording, answer] = [null, null];
  URL.revokeObjectURL($("player").src);
  $("player").removeAttribute("src");
  $("file").value = "";
  $("brought").hidden = $("heard-shown").hidden = true;
  document.querySelector(".nothing").hidden = false;
  $("explain").disabled = true;
  $("explanation-picture").replaceChildren();
  $("explanation-refused").textContent = $("notes").textContent = "";
  showOnly("invitation");
}

async function listen(blob, name) {
  forget();
  recording = blob;
  $("name").textContent = name;
  $("brought").hidden = false;
  await asking("Listening …", async () => {
    answer = await ask("page/listen");
    showAnswer(answer);
    showWhatIsHeard(answer);
  }, refuse);
}

function refuse(reason) {
  $("reason").textContent = reason;
  showOnly("refused");
}

/** Shows that something is under way, and why it came to nothing if it did. */
async function asking(doing, action, refused) {
  $("doing").textContent = $("said").textContent = doing;
  showOnly(answer ? "found" : "busy", "busy");
  $("explain").disabled = true;
  try {
    await action();
  } catch (error) {
    refused(error.message);
  } finally {
    $("busy").hidden = true;
    $("explain").disabled = !answer;
  }
}

/** Sends the recording; what is sent later takes its place. */
function ask(path) {
  if (recording.size + FORM_BYTES > facts.maxBytes) {
    const [most, size] = [facts.maxBytes, recording.size].map((bytes) => (bytes / 2 ** 20).toPrecision(3));
    throw new Error(`This recording cannot be used: expected at most ${most} MB, found ${size} MB.`);
  }
  const form = new FormData();
  form.append("file", recording, "recording"); // its name stays here
  const sent = request = new XMLHttpRequest();
  sent.open("POST", path);
  sent.responseType = "json";
  sent.upload.onprogress = ({ loaded, total }) => { $("progress").value = loaded / total; };
  sent.upload.onload = () => $("progress").removeAttribute("value"); // it is worked on
  return new Promise((resolve, reject) => {
    sent.onload = () => (sent.status === 200 ? resolve(sent.response) : reject(new Error(reason(sent))));
    sent.onerror = () => reject(new Error("The service cannot be reached."));
    sent.send(form);
  });
}

function reason({ status, response }) {
  const error = response?.error?.replace(/^file: /, "") ?? `status ${status}`;
  if (status === 401) return "The service does not know the token any more. Load the page again.";
  if (status === 429 || status === 503) return "Too many recordings at once, or none can be decoded at the moment. Try again soon.";
  return status < 500 ? `This recording cannot be used: ${error}.` : `The service has failed: ${error}.`;
}

function showAnswer({ emotion, confidence, probabilities, seconds, notes }) {
  const part = seconds > facts.heardSeconds ? `, heard in windows of ${facts.heardSeconds} s` : "";
  const largestFirst = Object.entries(probabilities).sort(([, one], [, other]) => other - one);
  showEmotion(emotion, confidence, largestFirst, `${seconds.toFixed(1)} s of voice${part}`);
  $("notes").textContent = notes.join("; ");
  $("said").textContent = ["emotion", "verdict", "notes"].map((id) => $(id).textContent).filter(Boolean).join(", ");
}

/** The emotion, large, and a bar for the probability of each. */
function showEmotion(emotion, confidence, rows, heard) {
  const unsure = confidence < $("least").valueAsNumber;
  const verdict = unsure ? `${emotion} is most probable, with` : "with a probability of";
  $("emotion").textContent = unsure ? "unsure" : emotion;
  $("verdict").textContent = `${verdict} ${percent(confidence, 1)}; ${heard}`;
  showBars(rows, unsure ? null : emotion);
  showOnly("found");
}

function showBars(rows, best) {
  $("bars").tBodies[0].replaceChildren(...rows.map(([name, probability]) => {
    const row = document.createElement("tr");
    row.classList.toggle("best", name === best);
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = name;
    const bar = document.createElement("div");
    [bar.style.width, bar.style.background] = [percent(probability, 1), facts.colours[name]];
    row.append(head);
    row.insertCell().append(bar);
    row.insertCell().textContent = percent(probability, 1);
    return row;
  }));
}

function showWhatIsHeard({ heard, timeline }) {
  const wav = decoded(heard.wav);
  $("player").src = URL.createObjectURL(new Blob([wav], { type: "audio/wav" }));
  document.querySelector(".nothing").hidden = true;
  $("heard-shown").hidden = false;
  $("over-time").hidden = !timeline;
  showHeard($("heard-picture"), heard, new Int16Array(wav.buffer, 44));
  if (timeline) showTimeline($("timeline-picture"), timeline, facts.colours);
}

function explain() {
  const emotion = $("explained").value;
  $("explanation-refused").textContent = "";
  asking("Explaining …", async () => {
    const query = emotion ? `?${new URLSearchParams({ emotion })}` : "";
    showExplanation($("explanation-picture"), await ask(`page/explain${query}`));
  }, (message) => { $("explanation-refused").textContent = message; });
}

/** While a voice is recorded, the service hears it, too, and what it says of the last seconds is shown. */
function openStream(samplingRate) {
  const address = new URL("predict/stream", document.baseURI);
  address.protocol = address.protocol.replace("http", "ws");
  const stream = new WebSocket(address);
  stream.onopen = () => stream.send(JSON.stringify({ sampling_rate: samplingRate, format: "pcm16" }));
  stream.onmessage = ({ data }) => {
    const { emotion, confidence, probabilities } = JSON.parse(data);
    // There is none in silence. The bars keep their order, lest they jump.
    if (recorder && emotion) showEmotion(emotion, confidence, Object.entries(probabilities), "so far");
  };
  return stream;
}

async function startRecording() {
  forget();
  $("record").disabled = true;
  let n_samples = 0;
  try {
    const microphone = await record((chunk) => {
      if (!recorder) return; // it was stopped
      n_samples += chunk.length;
      const seconds = n_samples / recorder.samplingRate;
      $("clock").textContent = `${clock(seconds)} s`;
      $("level").value = Math.sqrt(Math.max(...chunk) / 32768);
      if (recorder.stream.readyState === WebSocket.OPEN) recorder.stream.send(chunk);
      const enough = seconds > facts.maxSeconds - 1 || 2 * n_samples > facts.maxBytes - 20 * FORM_BYTES;
      if (enough) stopRecording();
    });
    recorder = { ...microphone, stream: openStream(microphone.samplingRate) };
    showRecording(true);
  } catch (error) {
    refuse(error.message);
  } finally {
    $("record").disabled = false;
  }
}

async function stopRecording() {
  const { stream, stop } = recorder;
  recorder = null;
  stream.close();
  showRecording(false);
  listen(await stop(), `Voice, ${$("clock").textContent}`);
}

function showRecording(going) {
  $("record-label").textContent = going ? "Stop" : "Record";
  $("record").classList.toggle("recording", going);
  $("level").hidden = $("clock").hidden = !going;
  $("file").disabled = going;
}

function select(tab) {
  for (const other of document.querySelectorAll("[role=tab]")) {
    const selected = other === tab;
    other.ariaSelected = selected;
    other.tabIndex = selected ? 0 : -1;
    $(other.getAttribute("aria-controls")).hidden = !selected;
  }
  tab.focus();
  redraw(); // what had no place before
}

function moveBetweenTabs(event) {
  const tabs = [...document.querySelectorAll("[role=tab]:not([hidden])")];
  const at = tabs.indexOf(event.target);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1 + tabs.length, Home: 0, End: tabs.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  select(tabs[to % tabs.length]);
}

function choose() {
  const [file] = $("file").files;
  if (file) listen(file, file.name);
}

function drop(event) {
  event.preventDefault();
  document.body.classList.remove("dragging");
  const [file] = event.dataTransfer.files;
  if (file && !recorder) listen(file, file.name);
}

$("record").onclick = () => (recorder ? stopRecording() : startRecording());
$("clear").onclick = forget;
$("explain").onclick = explain;
$("file").onchange = choose;
$("least").oninput = ({ target }) => {
  $("least-shown").textContent = percent(target.valueAsNumber);
  if (answer) showAnswer(answer);
};
for (const tab of document.querySelectorAll("[role=tab]")) {
  tab.onclick = () => select(tab);
  tab.onkeydown = moveBetweenTabs;
}
document.ondragover = (event) => {
  event.preventDefault();
  document.body.classList.add("dragging");
};
document.ondragleave = ({ relatedTarget }) => document.body.classList.toggle("dragging", relatedTarget !== null);
document.ondrop = drop;
choose(); // what was chosen while the page was still loading
