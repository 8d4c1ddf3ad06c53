"""A day of everybody who works with the service, over HTTP alone."""

from __future__ import annotations

from tests.console.api.conftest import Office
from tests.console.town import ALLOWANCE, HUKOU, POLICY, RESIDENTS, register_row, resident


def test_a_clerk_works_a_list(office: Office) -> None:
    """Pages in the order of tokens; reasons, outcome, note; a filter shows what is done."""
    first = office.clerk.get(f"/policies/{POLICY}/candidates", params={"limit": 4}).json()
    second = office.clerk.get(f"/policies/{POLICY}/candidates", params={"limit": 4, "cursor": first["next"]}).json()
    subjects = [c["subject"] for c in first["candidates"] + second["candidates"]]

    assert (first["total"], len(subjects), second["next"]) == (RESIDENTS, RESIDENTS, None)
    assert subjects == sorted(subjects)
    reasons = office.clerk.get(f"/policies/{POLICY}/candidates/{subjects[0]}").json()
    assert (reasons["verdict"], reasons["subject"]) == ("yes", subjects[0])
    place = f"/policies/{POLICY}/candidates/{subjects[0]}"
    reported = office.clerk.post(f"{place}/outcomes", json={"outcome": "contacted"})
    assert (reported.status_code, reported.json().get("new")) == (201, True), reported.text
    assert office.clerk.post(f"{place}/notes", json={"text": "下午再来"}).status_code == 201
    events = office.clerk.get(f"{place}/history").json()["events"]
    assert {event["by"] for event in events} == {"clerk"}
    contacted = office.clerk.get(f"/policies/{POLICY}/candidates", params={"outcome": "contacted"}).json()
    assert [c["subject"] for c in contacted["candidates"]] == subjects[:1]


def test_a_steward_delivers_a_file(office: Office) -> None:
    """The receipt names the delivery; the same file again changes nothing; a broken one is refused with its place."""
    rows = (HUKOU + register_row(1, "2026-10-02") + register_row(2, "2026-10-02")).encode("gb18030")
    headers = {"content-type": "text/csv", "content-disposition": 'attachment; filename="hukou-10.csv"'}
    receipt = office.steward.post("/feeds/hukou/deliveries", content=rows, headers=headers)
    again = office.steward.post("/feeds/hukou/deliveries", content=rows, headers=headers)

    assert receipt.status_code == 201, receipt.text
    delivered = receipt.json()["deliveries"][0]
    assert (delivered["rows"], delivered["file"], delivered["repeated"]) == (2, "hukou-10.csv", False)
    assert again.json()["deliveries"][0]["repeated"]
    refused = office.steward.post("/feeds/hukou/deliveries", content=b"a,b\n1,2\n", headers=headers)
    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
    assert "hukou-10.csv" in refused.json()["detail"]["zh"]
    listed = office.steward.get("/feeds/hukou/deliveries").json()
    assert listed[-1]["file"] == "hukou-10.csv"


def test_an_officer_proposes_and_another_approves(office: Office) -> None:
    """Check, preview, propose; nobody approves their own; the list is there once another has."""
    document = (office.workspace / "policies/dibao.yaml").read_text(encoding="utf-8")
    assert [p for p in office.officer.post("/drafts/check", json={"document": document}).json() if p["severity"] == "error"] == []
    preview = office.officer.post("/drafts/preview", json={"document": document})
    assert (preview.status_code, preview.json()["policy"]) == (200, "dibao")
    proposal = office.officer.post("/proposals", json={"act": "publish", "document": document})
    assert proposal.status_code == 201, proposal.text
    place = f"/proposals/{proposal.json()['id']}"
    own = office.officer.post(f"{place}/approval")
    assert (own.status_code, "another person" in own.json()["detail"]["en"]) == (403, True)
    approved = office.approver.post(f"{place}/approval")
    assert (approved.status_code, approved.json()["state"]) == (200, "approved"), approved.text
    published = office.officer.get("/policies").json()
    assert [(p["by"], p["approved_by"]) for p in published if p["policy"] == "dibao"] == [("officer", "approver")]
    twice = office.approver.post(f"{place}/approval")
    assert twice.status_code == 409


def test_a_proposal_is_sent_back_with_a_remark(office: Office) -> None:
    """Its proposer reads the remark; whoever may not approve sees nothing of it."""
    proposal = office.officer.post("/proposals", json={"act": "withdraw", "policy": ALLOWANCE, "reason": "停止执行"}).json()
    back = office.approver.post(f"/proposals/{proposal['id']}/return", json={"remark": "请附文件"})

    assert (back.status_code, back.json()["state"]) == (200, "sent_back")
    visible = {p["id"]: p for p in office.officer.get("/proposals", params={"every": True}).json()}
    assert visible[proposal["id"]]["remark"] == "请附文件"
    assert office.clerk.get(f"/proposals/{proposal['id']}").status_code == 400
    assert office.clerk.post("/proposals", json={"act": "withdraw", "policy": POLICY, "reason": "x"}).status_code == 403


def test_a_coordinator_sees_their_street_by_token(office: Office) -> None:
    """Only candidates placed in the street; nothing that counts the whole list."""
    page = office.coordinator.get(f"/policies/{POLICY}/candidates").json()

    assert page["total"] == RESIDENTS
    assert {c["division"] for c in page["candidates"]} == {"310107020"}
    assert office.coordinator.get(f"/policies/{POLICY}/editions").status_code == 403
    assert resident(1) not in str(page)


def test_an_operator_keeps_accounts(office: Office) -> None:
    """A new account chooses its password by a link that is good once; disabled, it is nobody at once."""
    proposal = office.operator.post("/accounts", json={"name": "li", "title": "李强", "grants": ["analyst:310107"]})
    link = office.operator.post("/accounts/li/links").json()["secret"]
    welcome = office.nobody.post("/password", json={"link": link, "password": "a long enough one"}, headers={"cookie": ""})
    again = office.nobody.post("/password", json={"link": link, "password": "a long enough one"}, headers={"cookie": ""})

    assert (proposal.status_code, welcome.status_code, again.status_code) == (201, 200, 409)
    assert welcome.json()["grants"] == ["analyst:310107"]
    assert office.operator.put("/accounts/li/standing", json={"disabled": True}).json()["disabled"]
    cookie = welcome.headers["set-cookie"].partition(";")[0]
    assert office.nobody.get("/session", headers={"cookie": cookie}).status_code == 401
