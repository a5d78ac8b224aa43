@COMMON@
(sb-guarded
  (if (sb-request (sb-new-id) "cancel" "")
      (sb-noted "Your wish to cancel waits.")
      (sb-no-folder)))
