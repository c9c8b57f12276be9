"""What a page tells of itself while it opens as on a slow phone: paints, shifts, bytes.

A page is useful when its largest piece of text or picture is painted; the map's dots are in the
page itself and come with its first paint. Forms and links work from then on: they need no script
to have come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Lighthouse's "slow 4G"; DevTools' own preset has a longer way to the server.
_NETWORK = {"offline": False, "latency": 150, "downloadThroughput": 204_800}
_PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2}
_WATCH = """() => { window.seen = {lcp: 0, shift: 0};
  const watch = (type, each) => new PerformanceObserver(list => list.getEntries().forEach(each))
    .observe({type, buffered: true});
  watch('largest-contentful-paint', e => { seen.lcp = e.startTime });
  watch('layout-shift', e => { if (!e.hadRecentInput) seen.shift += e.value }); }"""
_READ = """() => { const files = performance.getEntriesByType('resource');
  const own = files.filter(f => !/woff2|\\.(png|webp|svg)/.test(f.name));
  const sum = list => list.reduce((all, f) => all + f.transferSize, 0);
  const page = performance.getEntriesByType('navigation');
  const fcp = performance.getEntriesByName('first-contentful-paint')[0];
  return {fcp_ms: Math.round(fcp ? fcp.startTime : 0),
    useful_ms: Math.round(seen.lcp),
    layout_shift: +seen.shift.toFixed(4), kb: Math.round((sum(own) + sum(page)) / 1000),
    kb_all: Math.round((sum(files) + sum(page)) / 1000)}; }"""
_PAINTED = "performance.getEntriesByName('first-contentful-paint').length"
COLUMNS = ("fcp_ms", "useful_ms", "layout_shift", "kb", "kb_all")


def opened_slowly(browser: Browser, address: str, openings: int) -> dict[str, Any]:
    """The page's figures by the names in COLUMNS, opened with nothing kept from before.

    Of several openings the one that was useful first: what else runs on the machine only adds.
    """
    found = [_opened(browser, address) for _ in range(openings)]
    return min(found, key=lambda figures: figures["useful_ms"])


def _opened(browser: Browser, address: str) -> dict[str, Any]:
    context = browser.new_context(**_PHONE)  # type: ignore[arg-type]
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.emulateNetworkConditions", {**_NETWORK, "uploadThroughput": 96_000})
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.add_init_script(f"({_WATCH})()")
    page.goto(address, wait_until="networkidle")
    page.wait_for_function(_PAINTED)
    figures: dict[str, Any] = page.evaluate(_READ)
    context.close()
    return figures
