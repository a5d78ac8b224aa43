@COMMON@
@REGION@
;; Of each its id, and whether its stems are among those below.
(setf sb-presets '@PRESETS@)
(setf sb-stems '@STEMS@)

;; The first stem that no preset knows; a model by name may have any, and so may a chain.
(defun sb-unknown (words)
  (when (and (second (nth preset sb-presets)) (string= (string-trim " " model) ""))
    (sb-find #'(lambda (word) (not (member word sb-stems :test #'string=))) words)))

(defun sb-settings (words)
  (format nil "\"preset\":~a,\"engine\":\"~a\",\"model\":~a,\"stems\":[~a],\"rest\":~a,\"original\":\"~a\""
    (sb-text (first (nth preset sb-presets)))
    (nth engine '("auto" "offline" "mvsep"))
    (if (string= (string-trim " " model) "") "null" (sb-text (string-trim " " model)))
    (sb-join (mapcar #'sb-text words) ",")
    (if (= rest 1) "true" "false")
    (nth original '("leave" "mute" "replace"))))

(defun sb-separate (tracks)
  (let* ((words (sb-words stems)) (settings (sb-settings words)) (wrong (sb-unknown words)))
    (cond (wrong
           (format nil "There is no stem called '~a'.\n\nThere is: ~a." wrong (sb-join sb-stems ", ")))
          ((not (sb-write (sb-path "last-settings.txt") (format nil "~a~a" several settings)))
           (sb-no-folder))
          (t (sb-ask "separate" settings several tracks)))))

(sb-guarded (sb-at-the-last-track #'sb-separate))
