"""How profile.html looks: inline, light or dark as the reader's system is, on a phone, too."""

# ruff: noqa: E501 - a line for each thing that is styled
STYLE = """
:root{color-scheme:light dark;--bg:#f5f6f8;--card:#fff;--ink:#161a22;--soft:#5d6678;--line:#e3e6ec;--track:#eceff4;
--now:#3867e8;--now2:#3867e833;--old:#e08a00;--good:#0f7b55;--goodbg:#e3f5ec;--warn:#9a5b00;--warnbg:#fdf1dc;
--bad:#b4232f;--badbg:#fde8e8}
@media(prefers-color-scheme:dark){:root{--bg:#0f1217;--card:#181c23;--ink:#e8ebf1;--soft:#9aa4b5;--line:#2a303b;
--track:#252b35;--now:#7ea0ff;--now2:#7ea0ff33;--old:#ffb84d;--good:#5fd3a5;--goodbg:#12352a;--warn:#ffc46b;
--warnbg:#3a2c12;--bad:#ff8f94;--badbg:#401c20}}
*{box-sizing:border-box}html{scroll-behavior:smooth}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",
Arial,sans-serif;-webkit-text-size-adjust:100%}
main{max-width:1240px;margin:0 auto;padding:32px 20px 64px}
h1{font-size:clamp(26px,4.4vw,38px);line-height:1.15;margin:4px 0 10px;letter-spacing:-.02em;font-weight:700}
h2{font-size:19px;margin:36px 0 12px;letter-spacing:-.01em}h2 small{font-weight:400;color:var(--soft);font-size:14px;margin-left:6px}
h3{font-size:15px;margin:0;font-weight:650;overflow-wrap:anywhere;line-height:1.3}
a{color:inherit}code,.mono{font:12.5px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.soft{color:var(--soft)}.small{font-size:13px}.num{font-variant-numeric:tabular-nums}
.verdict{display:inline-flex;gap:8px;align-items:center;padding:5px 13px;border-radius:99px;font-weight:600;font-size:14px}
.verdict:before{content:"";width:8px;height:8px;border-radius:50%;background:currentColor}
.good{color:var(--good);background:var(--goodbg)}.warn{color:var(--warn);background:var(--warnbg)}
.bad{color:var(--bad);background:var(--badbg)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin-top:22px}
.tile,.card,.finding,.panel{background:var(--card);border:1px solid var(--line);border-radius:12px}
.tile{padding:12px 16px;min-width:0}.tile b{display:block;font-size:22px;letter-spacing:-.01em;line-height:1.3;overflow:hidden;
text-overflow:ellipsis;white-space:nowrap}.tile span{font-size:12.5px;color:var(--soft);display:block}
.finding{padding:14px 18px;margin:0 0 12px;border-left:5px solid var(--line)}
.finding.f-refuse{border-left-color:var(--bad)}.finding.f-warn,.finding.f-skip{border-left-color:var(--old)}
.finding p{margin:7px 0 0;overflow-wrap:anywhere}.finding .fix:before{content:"→ ";color:var(--soft)}
.rows{margin-top:10px;border-top:1px solid var(--line);overflow-x:auto}
.rows table{border-collapse:collapse;width:100%}.rows td{padding:4px 14px 4px 0;border-bottom:1px solid var(--line);
white-space:pre;vertical-align:top}.rows tr:last-child td{border:0}.rows td:first-child{color:var(--soft)}
.tag{display:inline-block;font-size:11.5px;font-weight:600;padding:2px 8px;border-radius:99px;white-space:nowrap;
background:var(--track);color:var(--soft)}.tag.good,.tag.warn,.tag.bad{background:var(--warnbg);color:var(--warn)}
.tag.bad{background:var(--badbg);color:var(--bad)}.tag.good{background:var(--goodbg);color:var(--good)}
.pair{display:grid;align-items:start;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:14px}
.panel{padding:18px 20px;min-width:0}.panel h3{margin-bottom:12px}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,350px),1fr));gap:14px}
.card{padding:14px 16px 12px;min-width:0;display:flex;flex-direction:column;gap:10px}
.card header{display:flex;gap:8px;justify-content:space-between;align-items:flex-start}
.card .tags{display:flex;gap:5px;flex-wrap:wrap;justify-content:flex-end;flex:none;max-width:60%}
.plot{flex:1 0 auto;min-height:112px;display:flex;flex-direction:column;justify-content:center}
svg{display:block;width:100%;height:auto;overflow:visible}svg text{fill:var(--soft);font-size:11px;font-family:inherit}
.b{fill:var(--now)}.o{fill:none;stroke:var(--old);stroke-width:1.8;stroke-linejoin:round}.t{opacity:.55}
.base{stroke:var(--line);stroke-width:1}
.bars{display:grid;grid-template-columns:fit-content(40%) 1fr auto;gap:4px 10px;align-items:center;font-size:13px}
.bars .l{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}.bars .v{color:var(--soft);text-align:right}
.bar{height:12px;border-radius:3px;background:var(--track);position:relative;overflow:hidden}
.bar i,.bar u{position:absolute;left:0;top:0;height:100%;background:var(--now);border-radius:3px}
.bar u{background:var(--old);top:auto;bottom:0;height:4px;border-radius:0}.two .bar i{height:7px;border-radius:3px 3px 0 0}
.bar.rest i{background:var(--soft);opacity:.5}
.facts{display:grid;grid-template-columns:repeat(4,auto);justify-content:space-between;gap:2px 12px;margin:0;font-size:12.5px}
.facts div{min-width:0}.facts dt{color:var(--soft);font-size:11.5px}.facts dd{margin:0;font-variant-numeric:tabular-nums}
.meter{display:grid;grid-template-columns:84px 1fr auto;gap:8px;align-items:center;font-size:12.5px}
.meter .bar{height:6px}.meter.miss i{background:var(--bad)}.meter.tell i{background:var(--good)}.meter.move i{background:var(--old)}
.meters{display:grid;gap:4px;border-top:1px solid var(--line);padding-top:9px}
.legend{display:flex;gap:16px;font-size:13px;color:var(--soft);align-items:center;flex-wrap:wrap}
.legend i{display:inline-block;width:12px;height:12px;border-radius:3px;background:var(--now);margin-right:6px;vertical-align:-1px}
.legend i.was{background:none;border:2px solid var(--old)}
table.all{border-collapse:collapse;width:100%;font-size:13px}.all td,.all th{text-align:left;padding:4px 12px 4px 0;
border-bottom:1px solid var(--line)}.scroll{overflow-x:auto}
footer{margin-top:40px;padding-top:16px;border-top:1px solid var(--line);color:var(--soft);font-size:13px}
@media(max-width:520px){main{padding:20px 14px 48px}.facts{grid-template-columns:repeat(2,1fr)}}
@media print{body{background:#fff}.card,.finding{break-inside:avoid}}
"""
