// Opens the page in Chromium, once for each theme, and prints what is wrong with it:
// requests, messages of the console, text that is hard to read, anchors that lead nowhere.
const { UNLEAK_PUPPETEER, UNLEAK_CHROMIUM } = process.env;
const puppeteer = require(UNLEAK_PUPPETEER);
const page = process.argv[2];

// contrast of two colours, by the formula of WCAG 2.
const contrast = () => {
  const parse = (c) => (c.match(/[\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const part = (v) => ((v /= 255), v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) bad.push(`${e.tagName} ${e.className} ${ratio.toFixed(2)}: ${e.textContent.slice(0, 40)}`);
  }
  return bad;
};

(async () => {
  const browser = await puppeteer.launch({
    executablePath: UNLEAK_CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--no-first-run'],
  });
  const out = { problems: [], grounds: {}, issues: 0, bars: 0, points: 0, wide: {} };
  try {
    for (const theme of ['light', 'dark']) {
      const tab = await browser.newPage();
      await tab.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: theme }]);
      tab.on('console', (m) => out.problems.push(`${theme}: console: ${m.text()}`));
      tab.on('pageerror', (e) => out.problems.push(`${theme}: ${e}`));
      tab.on('request', (r) => {
        if (r.url() !== page && !r.url().startsWith('data:')) out.problems.push(`${theme}: asks for ${r.url()}`);
      });
      await tab.setViewport({ width: 1100, height: 900 });
      await tab.goto(page, { waitUntil: 'load' });
      await tab.evaluate(() => document.querySelectorAll('details').forEach((d) => (d.open = true)));
      for (const bad of await tab.evaluate(contrast)) out.problems.push(`${theme}: hard to read: ${bad}`);
      out.grounds[theme] = await tab.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
      const dead = await tab.evaluate(() => [...document.querySelectorAll('a[href^="#"]')].filter((a) => !document.querySelector(a.getAttribute('href'))).map((a) => a.href));
      for (const a of dead) out.problems.push(`${theme}: leads nowhere: ${a}`);
      const shot = await tab.screenshot({ type: 'png' });
      out.wide[theme] = shot.length;
      out.issues = await tab.$$eval('.issue', (all) => all.length);
      out.bars = await tab.$$eval('.bar i', (all) => all.filter((e) => e.getBoundingClientRect().width > 2).length);
      out.points = await tab.$$eval('svg circle', (all) => all.length);
      await tab.setViewport({ width: 360, height: 700 });
      const over = await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (over > 0) out.problems.push(`${theme}: ${over} pixels too wide for a telephone`);
      await tab.close();
    }
  } finally {
    await browser.close();
  }
  console.log(JSON.stringify(out));
})().catch((e) => { console.error(e); process.exit(1); });
