"""What each S3 lacks of the suite, by test, with what it does instead; a test it learns fails here."""

LACKING: dict[str, dict[str, str]] = {
    # 4.48.
    "seaweedfs": {
        "test_forms.py::test_the_answer_names_the_object": "no Location",
        "test_forms.py::test_a_form_redirects[with-query]": "drops the query",
        **{
            f"test_forms.py::test_what_differs_from_the_policy_is_refused[{field}]": "stores it"
            for field in ("acl", "tagging", "cache-control", "redirect")
        },
        "test_forms.py::test_a_preflight_of_the_gallery": "allows what -s3.allowedOrigins says",
        "test_forms.py::test_another_preflight[http://gallery.test-DELETE]": "likewise",
        "test_forms.py::test_another_preflight[http://evil.test-POST]": "closes the connection",
        "test_objects.py::test_a_listing_of_versions[in-anothers-folder]": (
            "passes over versions at the end of a page"
        ),
        "test_objects.py::test_order[minus]": "lists folder by folder",
        "test_objects.py::test_any_key[backslash]": "takes it for a slash",
        "test_objects.py::test_any_key[empty-segment]": "takes // for /",
        "test_objects.py::test_any_key[ends-in-slash]": "makes an empty folder",
        "test_objects.py::test_any_key[dots]": "refuses it",
        "test_signatures.py::test_a_body_that_was_damaged_is_refused[signed]": (
            "does not compare the body with the hash that was signed"
        ),
    },
    # 16.2, of Debian 12.
    "ceph": {
        "test_forms.py::test_the_answer_names_the_object": "no ETag and no Location",
        "test_forms.py::test_a_form_redirects[with-query]": "puts a second question mark into the address",
        "test_objects.py::test_a_write_over_what_is_known": "refuses the ETag that it gave",
        "test_objects.py::test_of_racing_writers_one_wins[next]": "refuses the ETag that it gave",
        "test_objects.py::test_a_delete_of_what_is_known": "deletes whatever If-Match says",
        "test_objects.py::test_a_copy_of_one_version": "copies the tags that were to be replaced",
        "test_objects.py::test_a_condition_at_the_end": "completes whatever is there",
        "test_signatures.py::test_a_body_that_was_damaged_is_refused[crc32]": "looks at no CRC-32",
        "test_signatures.py::test_a_body_that_was_damaged_is_refused[trailer]": "takes no trailer",
        "test_signatures.py::test_an_acl_opens_nothing": "knows no ownership controls",
    },
}
