"""How one job stands, live: stage, time left, picture, place in line, cancel."""

from __future__ import annotations

import json
from html import escape
from typing import Any

import gradio as gr

from ourvidz.web.texts_create import JOB
from ourvidz.web.widgets import script_of

_MARKUP = """
<section class="ov-job" aria-label="{progress_label}" data-picture="{picture}" data-texts="{texts}">
<div class="ov-job-picture ov-skeleton" data-part="picture"><img alt="{frame_alt}" hidden></div>
<p class="ov-job-line"><strong data-part="stage" role="status">{waiting}</strong>
<span data-part="eta"></span></p>
<div class="ov-bar" role="progressbar" aria-label="{progress_label}" aria-valuemin="0"
 aria-valuemax="100" aria-valuenow="0"><i></i></div>
<p class="ov-soft" data-part="hint"></p>
<button type="button" class="ov-button quiet" data-part="cancel">{cancel}</button>
</section>"""


class Job(gr.HTML):
    """Follows the job whose id is its value; "" follows none and shows nothing.

        job = Job(elem_id="ov-render-job")
        job.moved(desk.guard(moved), [place], [job, video], **QUIET)

    It asks `/api/jobs/ID` by itself every two seconds, less often while nothing changes hands,
    not at all while the tab is hidden; it survives a lost network and a restarted server. Its
    button cancels. `moved` fires when the job has ended: paint the page again from the database
    then, with another value, or it fires a few times more. picture: whether to keep room for the
    live picture.
    """

    def __init__(self, value: str = "", *, picture: bool = True, **settings: Any) -> None:
        super().__init__(
            value,
            html_template=_MARKUP.format(
                **JOB, picture=int(picture), texts=escape(json.dumps(dict(JOB)))
            ),
            js_on_load="ov.job(element, props, trigger, watch, 'moved')",
            head=script_of(),
            apply_default_css=False,
            **settings,
        )
