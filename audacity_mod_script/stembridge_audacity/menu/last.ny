@COMMON@
@REGION@
;; The line is a digit (0 the tracks mixed, 1 each on its own, 2 each label) and the settings as in a request.
(defun sb-again (tracks)
  (let ((line (sb-read-line (sb-path "last-settings.txt"))))
    (if (and line (> (length line) 1))
        (sb-ask "last" (subseq line 1) (- (char-code (char line 0)) 48) tracks)
        "Choose once with Separate Stems... what you want; from then on this repeats it.")))

(sb-guarded (sb-at-the-last-track #'sb-again))
