// The site's own letters, from the second page on. On a first visit a browser would hold text back
// for them, and their bytes keep from its line what the page is about, only to come too late.
{
  const KEY = "fontkin-letters";
  const version = document.currentScript.dataset.version;
  if (localStorage.getItem(KEY) === version) {
    document.documentElement.classList.add("lettered");
  } else {
    addEventListener("load", () => {
      const all = Promise.all([...document.fonts].map((face) => face.load()));
      all.then(() => localStorage.setItem(KEY, version), () => {}); // else the next page asks again
    });
  }
}
