// Each way in gives a word of what came back; "refused" means that nothing could be read.
const soon = (make) => new Promise((done) => {
  const late = setTimeout(() => done("refused: no answer"), 4000);
  make((word) => { clearTimeout(late); done(word); });
});

const ways = {
  // Reading
  fetch: async (link) => `read ${(await (await fetch(`${link}api/state`)).text()).length}`,
  fetchPage: async (link) => `read ${(await (await fetch(link)).text()).length}`,
  fetchWithHeader: async (link) =>
    `read ${(await (await fetch(`${link}api/state`, { headers: { "X-Stembridge": "panel" } })).text()).length}`,
  image: (link, job, assets) => soon((done) => {
    const image = new Image();
    image.onload = () => done("read a picture");
    image.onerror = () => done("refused");
    image.src = link + assets.image;
  }),
  audio: (link, job) => soon((done) => {
    const audio = new Audio();
    audio.onloadedmetadata = () => done(`read ${audio.duration} s`);
    audio.onerror = () => done("refused");
    audio.src = `${link}api/jobs/${job}/tracks/original/audio`;
  }),
  events: (link) => soon((done) => {
    const source = new EventSource(`${link}api/events`);
    source.onopen = () => { source.close(); done("read events"); };
    source.onerror = () => { source.close(); done("refused"); };
  }),
  socket: (link) => soon((done) => {
    const socket = new WebSocket(`${link.replace("http", "ws")}api/events`);
    socket.onopen = () => done("connected");
    socket.onerror = () => done("refused");
  }),
  frame: (link) => soon((done) => {
    const frame = document.createElement("iframe");
    frame.onload = () => {
      try {
        // A refused frame holds the browser's own error page: of another origin, too.
        const text = frame.contentDocument.body.textContent;
        done(text ? `read ${text.length}` : "refused: empty");
      } catch { done("refused"); }
    };
    frame.src = link;
    document.body.append(frame);
  }),
  script: (link, job, assets) => soon((done) => {
    const script = document.createElement("script");
    script.onload = () => done("ran a script of the panel");
    script.onerror = () => done("refused");
    script.src = link + assets.script;
    document.body.append(script);
  }),
  style: (link, job, assets) => soon((done) => {
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.onload = () => done("read a style");
    style.onerror = () => done("refused");
    style.href = link + assets.style;
    document.head.append(style);
  }),
  // Driving: nothing comes back to see, so the test looks at what became of the jobs.
  post: async (link, job) => {
    await fetch(`${link}api/jobs/${job}/cancel`, {
      method: "POST", mode: "no-cors", body: "{}", headers: { "Content-Type": "text/plain" },
    });
    return "sent";
  },
  postJson: async (link, job) => {
    await fetch(`${link}api/jobs/${job}/cancel`, {
      method: "POST", body: "{}", headers: { "Content-Type": "application/json", "X-Stembridge": "panel" },
    });
    return "answered";
  },
  beacon: async (link, job) => (navigator.sendBeacon(`${link}api/jobs/${job}/remove`, "{}") ? "sent" : "refused"),
  form: (link, job) => soon((done) => {
    const target = document.createElement("iframe");
    target.name = "target";
    document.body.append(target);
    const form = document.createElement("form");
    form.method = "post";
    form.enctype = "text/plain";
    form.target = "target";
    form.action = `${link}api/jobs/${job}/remove`;
    const field = document.createElement("input");
    field.name = '{"a';
    field.value = '":1}';
    form.append(field);
    document.body.append(form);
    target.onload = () => done("sent");
    form.submit();
  }),
  upload: async (link) => {
    await fetch(`${link}api/files?name=attack.wav`, { method: "POST", mode: "no-cors", body: new Uint8Array(64) });
    return "sent";
  },
  remove: async (link, job) => {
    await fetch(`${link}api/jobs/${job}`, { method: "DELETE" });
    return "answered";
  },
};

window.attack = async (link, job, assets) => {
  const told = {};
  for (const [name, way] of Object.entries(ways)) {
    try { told[name] = await way(link, job, assets); } catch (error) { told[name] = `refused: ${error.name}`; }
  }
  return told;
};
